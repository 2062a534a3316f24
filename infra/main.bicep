// All Azure resources of the app except the event subscription, which is deployed after the code: see
// modules/event-subscription.bicep. This file computes all names and passes them to the modules, instead of one module's
// outputs to another, so that the snapshots show plain ids. `dependsOn` sets the order.
targetScope = 'subscription'

metadata name = 'image-describer'
metadata description = 'Describes the pictures in Azure Blob Storage with a vision model, without keys.'

import { imagesRoleType, isolatedStorageType, routeType } from 'modules/types.bicep'

// ---- Where

@description('Name of the azd environment. It is part of the resource group\'s name, and all other names derive from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources except the model.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Tags of all resources, besides azd\'s own.')
param tags object = {}

// ---- The pictures

@description('The one way in which uploads reach the app. blobTrigger: Event Grid calls the blob trigger\'s webhook (one key). queue: Event Grid puts events on the work queue by its identity (no key at all). eventGridTrigger: Event Grid calls a function.')
param uploadRoute routeType = 'blobTrigger'

@description('Container of the pictures. This deployment creates it in an account that it creates; in an existing account it must exist.')
@minLength(3)
@maxLength(63)
param imagesContainer string = 'images'

@description('Further containers of pictures in the same account, separated by commas; 22 at most. Only for the routes queue and eventGridTrigger, because the blob trigger watches one container. This deployment creates them in an account that it creates; in an existing account they must exist.')
param moreImagesContainers string = ''

@description('Container of the descriptions, in the same account. This deployment creates it.')
@minLength(3)
@maxLength(63)
param descriptionsContainer string = 'descriptions'

@description('Name of an existing storage account with pictures. Empty: this deployment creates an account.')
param existingImagesAccount string = ''

@description('Resource group of that account, anywhere in the subscription.')
param existingImagesResourceGroup string = ''

@description('Region of that account; a new system topic must be there. Empty: the app\'s region.')
param existingImagesLocation string = ''

@description('Name of the existing account\'s system topic, with a system-assigned identity; an account can have only one. The preprovision hook finds it. Empty: this deployment creates one.')
param existingSystemTopic string = ''

@description('Resource group of that system topic. Empty: the account\'s resource group.')
param existingSystemTopicResourceGroup string = ''

@description('Role of the app on the images account. StorageBlobDataOwner: on the account, as the blob trigger\'s documentation requires. StorageBlobDataContributor: only on the containers, which is probably sufficient.')
param imagesRole imagesRoleType = 'StorageBlobDataOwner'

@description('Redundancy of storage accounts that are created; decide before the first deployment. Zones (ZRS) are not available in every region.')
param storageRedundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_LRS'

// ---- The model

// The deployment fails below if it is empty; the preprovision hook asks for it. azd itself would offer SKUs that the model lacks.
@description('Where pictures may be processed. GlobalStandard: in any region of Azure. DataZoneStandard: within the EU or the US. Standard: in one region, for models that have it: infra/models.json. There is no default, because you must decide. Unused with an existing deployment.')
param modelSkuName '' | 'GlobalStandard' | 'DataZoneStandard' | 'Standard' = ''

@description('SKU of a second deployment of the model, which answers batches at half the price, for existing pictures: docs/existing-pictures.md. GlobalBatch: processed in any region of Azure. DataZoneBatch: within the EU or the US. Empty: none. Unused with an existing account.')
param batchSkuName '' | 'GlobalBatch' | 'DataZoneBatch' = ''

@description('Capacity of the deployment for batches, in the unit of its quota, which limits how much may wait in batches at a time.')
@minValue(1)
@maxValue(1000000)
param batchCapacity int = 100

@description('The vision model: a family of describer/vision/models.toml. With an existing deployment: its model.')
param modelName string = 'gpt-5.6-luna'

@description('Version of the model.')
param modelVersion string = '2026-07-09'

@description('Quota of the deployment in thousand tokens a minute. Numbers of instances and concurrent calls derive from it.')
@minValue(1)
@maxValue(100000)
param modelCapacity int = 100

// azd can check only one SKU and one capacity, and would ask for quota that is not needed. The preprovision hook checks
// the quota of the chosen SKU instead.
@description('Region of the Azure OpenAI account. Unused with an existing account.')
param openAiLocation string = ''

@description('Name of an existing Azure OpenAI account, with a custom subdomain. Empty: this deployment creates an account.')
param existingOpenAi string = ''

@description('Resource group of that account, anywhere in the subscription.')
param existingOpenAiResourceGroup string = ''

@description('Name of the deployment on the existing account.')
param existingDeployment string = ''

@description('Quota of that deployment in thousand tokens a minute, from which concurrency derives; the preprovision hook finds it. 0: modelCapacity.')
@minValue(0)
param existingCapacity int = 0

@description('Content filter of the deployment. Empty: the service\'s default.')
param contentFilter string = ''

@description('Restore the Azure OpenAI account that `azd down` left soft-deleted; otherwise its name is taken. The preprovision hook sets this each time.')
param restoreOpenAi bool = false

// ---- The app

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Maximum number of instances; docs/adr/0014-instances.md. 0: 40, or more if the model\'s capacity needs them.')
@minValue(0)
@maxValue(1000)
param maximumInstanceCount int = 0

@description('Instances that are always ready for uploads, at a cost. 0: the first upload after a pause starts one.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('Spread instances over availability zones, if the region has them. Two instances are then always ready in each scale group, at a cost.')
param zoneRedundant bool = false

@description('Optional settings of docs/settings.md by name, such as { DESCRIPTION_LANGUAGES: \'en,de\' }.')
param appSettings object = {}

@description('Name of an existing key vault with Azure roles, from which a setting comes as a reference: the keys of docs/openai.md. Empty: none.')
param existingKeyVault string = ''

@description('Resource group of that vault, anywhere in the subscription.')
param existingKeyVaultResourceGroup string = ''

@description('Name of the secret in it; the app may read no other.')
param keyVaultEntry string = 'openai-compatible'

@description('Stop all calls of the model without losing an upload; infra/emergency.py sets it.')
param emergencyStop bool = false

@description('Create a custom topic; the app publishes outcomes to it.')
param publishEvents bool = true

@description('Object id of the deploying identity: may write to both containers, so that the postdeploy hook can run the smoke test. Empty: no role is given.')
param deployerId string = ''

@description('Kind of that principal.')
param deployerType 'User' | 'Group' | 'ServicePrincipal' = 'User'

// ---- Network

@description('Network isolation: storage, model and topic are reachable by private endpoints only, and only Event Grid may call the app (on the route queue nothing may).')
param networkIsolation bool = false

@description('Addresses of the virtual network; a /22 or larger.')
param networkAddressPrefix string = '10.40.0.0/22'

@description('Public IPv4 addresses or ranges (CIDR) that keep access to storage and the app under isolation, such as those of the people who deploy.')
param allowedIpRanges string[] = []

@description('State of the storage accounts\' public endpoints under isolation. TrustedServices: if Event Grid cannot reach endpoints that are Disabled.')
param isolatedStorageAccess isolatedStorageType = 'Disabled'

@description('Create a private endpoint for the app too, for calls and deployments from within the network.')
param appPrivateEndpoint bool = false

@description('Resource id of an existing subnet for the app, delegated to Microsoft.App/environments. Empty: this deployment creates a network.')
param appSubnetId string = ''

@description('Resource id of an existing subnet for private endpoints; set it together with appSubnetId.')
param endpointSubnetId string = ''

@description('Create private DNS zones. false: a policy of the landing zone adds the records, or you do.')
param createDnsZones bool = true

@description('Resource ids of existing private DNS zones, by sub-resource: blob, queue, table, account, topic, sites, cognitiveservices, services-ai.')
param dnsZoneIds object = {}

// ---- Monitoring

@description('E-mail address for alerts. Empty: they fire and are visible in the portal, without an e-mail.')
param alertEmail string = ''

@description('Thousand tokens a day above which an alert fires.')
@minValue(1)
@maxValue(100000000)
param dailyTokensThousand int = 5000

@description('Gigabytes of logs a day after which the workspace takes no more logs, and log alerts see nothing; -1: no limit.')
@minValue(-1)
@maxValue(1000)
param dailyLogCapGb int = 1

@description('Retention of logs in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

// ---- Names

var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = { ...tags, 'azd-env-name': environmentName }
var ownImages = empty(existingImagesAccount)
var ownOpenAi = empty(existingOpenAi)
var ownSystemTopic = empty(existingSystemTopic)
var names = {
  group: 'rg-${environmentName}'
  identity: 'id-${suffix}'
  host: 'sthost${suffix}'
  images: ownImages ? 'stimg${suffix}' : existingImagesAccount
  openAi: ownOpenAi ? 'oai-${suffix}' : existingOpenAi
  deployment: ownOpenAi ? modelName : existingDeployment
  systemTopic: ownSystemTopic ? 'egst-${suffix}' : existingSystemTopic
  eventSubscription: 'uploads-to-func-${suffix}'
  eventsTopic: publishEvents ? 'egt-${suffix}' : ''
  app: 'func-${suffix}'
  plan: 'plan-${suffix}'
  workspace: 'log-${suffix}'
  insights: 'appi-${suffix}'
  logs: 'describer-${suffix}'
  package: 'app-package'
  deadLetters: 'eventgrid-deadletter'
  work: 'image-work'
  unpublished: 'unpublished-events'
  smokeTests: 'smoke-tests'
  backfills: 'backfills'
  budget: 'budget'
  deadLetterQueue: 'dead-letter-queue'
  // The blob trigger sets this name. The host would create the queue with its first message, and warn at each poll until then.
  uploadsPoison: 'webjobs-blobtrigger-poison'
}
var groups = {
  images: ownImages
    ? names.group
    : empty(existingImagesResourceGroup)
        ? fail('existingImagesResourceGroup is empty: say where the account existingImagesAccount is.')
        : existingImagesResourceGroup
  openAi: ownOpenAi
    ? names.group
    : empty(existingOpenAiResourceGroup) || empty(existingDeployment)
        ? fail('Of the account existingOpenAi, say existingOpenAiResourceGroup and existingDeployment too.')
        : existingOpenAiResourceGroup
  keyVault: empty(existingKeyVault)
    ? names.group
    : empty(existingKeyVaultResourceGroup)
        ? fail('existingKeyVaultResourceGroup is empty: say where the vault existingKeyVault is.')
        : existingKeyVaultResourceGroup
  // Event Grid creates an account's system topic in the account's resource group, and so does this file.
  systemTopic: ownImages || empty(existingSystemTopicResourceGroup)
    ? (ownImages ? names.group : existingImagesResourceGroup)
    : existingSystemTopicResourceGroup
}
var moreContainers = filter(map(split(moreImagesContainers, ','), name => trim(name)), name => !empty(name))
// Azure creates $web for a static website, and $root with its first blob; a new account has neither.
var foreignOnly = filter([imagesContainer, ...moreContainers], name => ownImages && startsWith(name, '$'))
var containers = uploadRoute == 'blobTrigger' && !empty(moreContainers)
  ? fail('moreImagesContainers needs uploadRoute queue or eventGridTrigger: the blob trigger serves one container.')
  : contains([imagesContainer, ...moreContainers], descriptionsContainer)
      ? fail('descriptionsContainer is a container of pictures too: a description is no upload, so name another.')
      : !empty(foreignOnly)
          ? fail('$web and $root exist in an account of yours only: say existingImagesAccount.')
          : uploadRoute == 'blobTrigger' && imagesContainer == '$root'
              ? fail('The blob trigger misreads the names in $root: choose the route queue or eventGridTrigger.')
              : length(moreContainers) > 22
                  ? fail('moreImagesContainers has more than 22 names: Event Grid takes 25 values in a subscription\'s filters.')
                  : [imagesContainer, ...moreContainers]
var sku = ownOpenAi && empty(modelSkuName)
  ? fail('Where may pictures be processed? Say modelSkuName: GlobalStandard, DataZoneStandard or Standard.')
  : modelSkuName
var batchDeployment = ownOpenAi && !empty(batchSkuName) ? '${modelName}-batch' : ''
var modelRegion = ownOpenAi && empty(openAiLocation)
  ? fail('openAiLocation is empty: say in which region the model is to be.')
  : openAiLocation
var zoneStorage = zoneRedundant && !endsWith(storageRedundancy, 'ZRS')
  ? fail('zoneRedundant needs storage in zones too: storageRedundancy Standard_ZRS or Standard_GZRS.')
  : zoneRedundant
var ownNetwork = empty(appSubnetId) != empty(endpointSubnetId)
  ? fail('Say both appSubnetId and endpointSubnetId, or neither.')
  : empty(appSubnetId)
var subscriptionId = subscription().subscriptionId
var ids = {
  identity: resourceId(subscriptionId, names.group, 'Microsoft.ManagedIdentity/userAssignedIdentities', names.identity)
  host: resourceId(subscriptionId, names.group, 'Microsoft.Storage/storageAccounts', names.host)
  images: resourceId(subscriptionId, groups.images, 'Microsoft.Storage/storageAccounts', names.images)
  openAi: resourceId(subscriptionId, groups.openAi, 'Microsoft.CognitiveServices/accounts', names.openAi)
  systemTopic: resourceId(subscriptionId, groups.systemTopic, 'Microsoft.EventGrid/systemTopics', names.systemTopic)
  eventsTopic: resourceId(subscriptionId, names.group, 'Microsoft.EventGrid/topics', names.eventsTopic)
  workspace: resourceId(subscriptionId, names.group, 'Microsoft.OperationalInsights/workspaces', names.workspace)
  app: resourceId(subscriptionId, names.group, 'Microsoft.Web/sites', names.app)
  appSubnet: ownNetwork
    ? resourceId(subscriptionId, names.group, 'Microsoft.Network/virtualNetworks/subnets', 'vnet-${suffix}', 'app')
    : appSubnetId
  endpointSubnet: ownNetwork
    ? resourceId(
        subscriptionId,
        names.group,
        'Microsoft.Network/virtualNetworks/subnets',
        'vnet-${suffix}',
        'endpoints'
      )
    : endpointSubnetId
}

// ---- Scale, from the model's quota
//
// Quota is counted before a call is answered: its input, and MAX_COMPLETION_TOKENS as if all were used (Microsoft Learn,
// "Manage Azure OpenAI quota"). A picture with its question is about 1,000 tokens of input, so at the default of 1,500 a
// call takes 2,500 tokens of the minute, and 30 thousand make 12 calls. With seconds per call, by Little's law, that
// gives the number of calls in flight that uses up the quota. More calls would be refused and retried later; fewer would
// leave quota unused.
var inputTokens = 1000
var secondsPerCall = 5 // assumed, not measured: small models answer such a question in 2 to 10 seconds
var outputTokens = int(appSettings.?MAX_COMPLETION_TOKENS ?? '1500')
var capacity = ownOpenAi || existingCapacity == 0 ? modelCapacity : existingCapacity
var callsInFlight = max(1, capacity * 1000 * secondsPerCall / ((inputTokens + outputTokens) * 60))
// The limit of concurrent calls does not enforce the quota: each instance does, by the headers of the answers
// (docs/adr/0030-keeping-to-a-quota.md), and one burst may use up a window of the quota. The limit protects memory; a
// waiting call takes little. The number of instances does not enforce the quota either: docs/adr/0014-instances.md.
var callsPerInstance = 32
var modelConcurrency = callsPerInstance
var fewestInstances = 40
var wantedInstances = min(1000, (callsInFlight + callsPerInstance - 1) / callsPerInstance)
var instances = maximumInstanceCount > 0 ? maximumInstanceCount : max(fewestInstances, wantedInstances)

// ---- Names within the network

// Services with private endpoints, and their DNS zones.
var privateServices = concat(
  [
    { name: 'host-blob', id: ids.host, group: 'blob' }
    { name: 'host-queue', id: ids.host, group: 'queue' }
    { name: 'host-table', id: ids.host, group: 'table' }
    { name: 'images-blob', id: ids.images, group: 'blob' }
    { name: 'model', id: ids.openAi, group: 'account' }
  ],
  publishEvents ? [{ name: 'events', id: ids.eventsTopic, group: 'topic' }] : []
)
// An existing account may be an Azure AI services account, which has these DNS names too.
var moreGroups = ownOpenAi ? {} : { account: ['cognitiveservices', 'services-ai'] }
var zoneNames = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  account: 'privatelink.openai.azure.com'
  topic: 'privatelink.eventgrid.azure.net'
  sites: 'privatelink.azurewebsites.net'
  cognitiveservices: 'privatelink.cognitiveservices.azure.com'
  'services-ai': 'privatelink.services.ai.azure.com'
}
var privateGroups = union(
  map(privateServices, service => service.group),
  moreGroups.?account ?? [],
  appPrivateEndpoint ? ['sites'] : []
)
var ownZones = createDnsZones ? filter(privateGroups, group => !contains(dnsZoneIds, group)) : []
var zoneIds = {
  ...dnsZoneIds
  ...toObject(
    ownZones,
    group => group,
    group => resourceId(subscriptionId, names.group, 'Microsoft.Network/privateDnsZones', zoneNames[group])
  )
}

// ---- Resources

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.group
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: allTags
    dailyCapGb: dailyLogCapGb
    retentionDays: logRetentionDays
  }
}

module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.host
    location: location
    tags: allTags
    redundancy: storageRedundancy
    containerNames: [names.package, names.deadLetters, names.backfills, names.budget]
    queueNames: [
      names.work
      names.unpublished
      names.smokeTests
      names.backfills
      names.deadLetterQueue
      names.uploadsPoison
    ]
    networkIsolation: networkIsolation
    isolatedStorageAccess: isolatedStorageAccess
    allowedIpRanges: allowedIpRanges
  }
}

module imageStorage 'modules/storage.bicep' = if (ownImages) {
  scope: group
  params: {
    name: names.images
    location: location
    tags: allTags
    redundancy: storageRedundancy
    containerNames: containers
    networkIsolation: networkIsolation
    isolatedStorageAccess: isolatedStorageAccess
    allowedIpRanges: allowedIpRanges
  }
}

module imagesAccess 'modules/images-access.bicep' = {
  scope: resourceGroup(groups.images)
  params: {
    accountName: names.images
    imagesContainers: containers
    descriptionsContainer: descriptionsContainer
    #disable-next-line what-if-short-circuiting // the price of names that follow their principal: modules/roles.bicep
    appPrincipalId: identity.outputs.principalId
    imagesRole: imagesRole
    deployerId: deployerId
    deployerType: deployerType
  }
  dependsOn: [imageStorage]
}

module uploadEvents 'modules/upload-events.bicep' = if (ownSystemTopic) {
  scope: resourceGroup(groups.systemTopic)
  params: {
    name: names.systemTopic
    location: empty(existingImagesLocation) ? location : existingImagesLocation
    tags: allTags
    imagesAccountId: ids.images
  }
  dependsOn: [group, imageStorage]
}

module systemTopic 'modules/system-topic.bicep' = if (!ownSystemTopic) {
  scope: resourceGroup(groups.systemTopic)
  params: { name: names.systemTopic }
}

module eventsTopic 'modules/events-topic.bicep' = if (publishEvents) {
  scope: group
  params: { name: names.eventsTopic, location: location, tags: allTags, networkIsolation: networkIsolation }
}

module model 'modules/model.bicep' = if (ownOpenAi) {
  scope: group
  params: {
    name: names.openAi
    location: modelRegion
    tags: allTags
    model: { name: modelName, version: modelVersion, skuName: sku, capacity: modelCapacity }
    batch: { name: batchDeployment, skuName: batchSkuName, capacity: batchCapacity }
    contentFilter: contentFilter
    networkIsolation: networkIsolation
    restore: restoreOpenAi
  }
}

module modelAccess 'modules/model-access.bicep' = {
  scope: resourceGroup(groups.openAi)
  params: {
    accountName: names.openAi
    #disable-next-line what-if-short-circuiting // the price of names that follow their principal: modules/roles.bicep
    appPrincipalId: identity.outputs.principalId
    batches: !empty(batchDeployment)
  }
  dependsOn: [model]
}

module vaultAccess 'modules/vault-access.bicep' = if (!empty(existingKeyVault)) {
  scope: resourceGroup(groups.keyVault)
  params: {
    vaultName: existingKeyVault
    secretName: keyVaultEntry
    #disable-next-line what-if-short-circuiting // the price of names that follow their principal: modules/roles.bicep
    appPrincipalId: identity.outputs.principalId
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    hostAccountName: names.host
    deadLetterContainer: names.deadLetters
    workQueue: names.work
    uploadRoute: uploadRoute
    insightsName: names.insights
    eventsTopicName: names.eventsTopic
    #disable-next-line what-if-short-circuiting // the price of names that follow their principal
    appPrincipalId: identity.outputs.principalId
    #disable-next-line what-if-short-circuiting
    systemTopicPrincipalId: ownSystemTopic ? uploadEvents!.outputs.principalId : systemTopic!.outputs.principalId
  }
  dependsOn: [hostStorage, monitoring, eventsTopic]
}

module network 'modules/network.bicep' = if (networkIsolation) {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    addressPrefix: networkAddressPrefix
    existingAppSubnetId: appSubnetId
    zoneNames: map(ownZones, group => zoneNames[group])
  }
}

module endpoints 'modules/private-endpoints.bicep' = if (networkIsolation) {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    subnetId: ids.endpointSubnet
    services: privateServices
    moreGroups: moreGroups
    zoneIds: zoneIds
  }
  dependsOn: [network, hostStorage, imageStorage, model, eventsTopic]
}

module appEndpoint 'modules/private-endpoints.bicep' = if (networkIsolation && appPrivateEndpoint) {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    subnetId: ids.endpointSubnet
    services: [{ name: 'app', id: ids.app, group: 'sites' }]
    moreGroups: {}
    zoneIds: zoneIds
  }
  dependsOn: [network, app]
}

module app 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: { ...allTags, 'azd-service-name': 'describer' }
    identityName: names.identity
    hostAccountName: names.host
    packageContainer: names.package
    imagesAccountName: names.images
    imagesResourceGroup: groups.images
    imagesContainers: containers
    descriptionsContainer: descriptionsContainer
    openAiName: names.openAi
    openAiResourceGroup: groups.openAi
    deploymentName: names.deployment
    batchDeploymentName: batchDeployment
    modelFamily: modelName
    modelConcurrency: modelConcurrency
    modelTokensPerMinute: capacity * 1000
    insightsName: names.insights
    eventsTopicName: names.eventsTopic
    appSettings: appSettings
    emergencyStop: emergencyStop
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: instances
    alwaysReadyInstances: alwaysReadyInstances
    uploadRoute: uploadRoute
    zoneRedundant: zoneStorage
    networkIsolation: networkIsolation
    subnetId: networkIsolation ? ids.appSubnet : ''
    allowedIpRanges: allowedIpRanges
  }
  // The app needs these roles and addresses when it starts.
  dependsOn: [roles, imagesAccess, modelAccess, vaultAccess, network, endpoints]
}

module diagnostics 'modules/diagnostics.bicep' = {
  scope: group
  params: {
    name: names.logs
    workspaceName: names.workspace
    hostAccountName: names.host
    systemTopicName: ownImages && ownSystemTopic ? names.systemTopic : ''
    eventsTopicName: names.eventsTopic
    openAiName: ownOpenAi ? names.openAi : ''
  }
  dependsOn: [monitoring, hostStorage, uploadEvents, eventsTopic, model]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    email: alertEmail
    workspaceName: names.workspace
    systemTopicId: ids.systemTopic
    eventSubscriptionName: names.eventSubscription
    openAiId: ids.openAi
    deploymentName: names.deployment
    dailyTokensThousand: dailyTokensThousand
  }
  dependsOn: [monitoring, uploadEvents, model]
}

// ---- For the hooks, and for people
//
// No output may have the name of a variable in main.parameters.json: `azd down` removes all outputs from the environment,
// and would remove the user's choice with them.

@description('Resource group of this deployment\'s own resources.')
output AZURE_RESOURCE_GROUP string = group.name
@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = names.app
@description('The app\'s own storage account: queues, dead letters.')
output HOST_ACCOUNT_NAME string = names.host
@description('The images account.')
output IMAGES_ACCOUNT_NAME string = names.images
@description('Its resource group.')
output IMAGES_RESOURCE_GROUP string = groups.images
@description('Container of the pictures.')
output DEPLOYED_IMAGES_CONTAINER string = imagesContainer
@description('Further containers of pictures, separated by commas.')
output DEPLOYED_IMAGES_MORE_CONTAINERS string = join(moreContainers, ',')
@description('Container of the descriptions.')
output DEPLOYED_DESCRIPTIONS_CONTAINER string = descriptionsContainer
@description('Route of uploads.')
output DEPLOYED_UPLOAD_ROUTE string = uploadRoute
@description('The system topic of the images account.')
output SYSTEM_TOPIC_NAME string = names.systemTopic
@description('Its resource group, into which the event subscription is deployed.')
output SYSTEM_TOPIC_RESOURCE_GROUP string = groups.systemTopic
@description('Name of the event subscription, the same for every route.')
output EVENT_SUBSCRIPTION_NAME string = names.eventSubscription
@description('Container of dead letters: events that Event Grid could not deliver.')
output DEAD_LETTER_CONTAINER string = names.deadLetters
@description('Queue of deferred work.')
output WORK_QUEUE string = names.work
@description('Whether the deployer cannot reach storage, so that the app must run the smoke test itself.')
output DEPLOYED_NETWORK_ISOLATION bool = networkIsolation
@description('The Azure OpenAI account.')
output OPENAI_ACCOUNT_NAME string = names.openAi
@description('The deployment of the model.')
output OPENAI_DEPLOYMENT string = names.deployment
output OPENAI_BATCH_DEPLOYMENT string = batchDeployment
@description('The custom topic for outcomes; empty: none.')
output EVENTS_TOPIC_NAME string = names.eventsTopic
@description('Number of concurrent calls of the model that the quota allows, from which instances and concurrency derive.')
output MODEL_CALLS_IN_FLIGHT int = callsInFlight
@description('Principal id of the app\'s identity; find its role assignments by it.')
output APP_PRINCIPAL_ID string = identity.outputs.principalId
@description('Names of the app settings that this deployment sets; others were set by hand.')
output DEPLOYED_SETTING_NAMES string = app.outputs.settingNames
