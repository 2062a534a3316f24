// The function app on Flex Consumption, and all its settings. Names of settings are those of describer/settings.py; the
// Functions host, the Python worker or azure-identity read the rest. Endpoints come from the resources themselves, which
// is also right for accounts with DNS zone endpoints. Only Azure's public cloud is supported: the authority, the scope of
// the model's tokens and the private zones are those of the public cloud.

import { routeType } from './types.bicep'

@description('Name of the app.')
param name string
@description('Name of the plan.')
param planName string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('The app\'s identity.')
param identityName string
@description('The app\'s own storage account.')
param hostAccountName string
@description('Container of the deployed package, in the app\'s own account.')
param packageContainer string
@description('The images account.')
param imagesAccountName string
@description('Its resource group.')
param imagesResourceGroup string
@description('Containers of the pictures; the trigger watches the first.')
@minLength(1)
param imagesContainers string[]
@description('Container of the sidecars.')
param descriptionsContainer string
@description('The Azure OpenAI account.')
param openAiName string
@description('Its resource group.')
param openAiResourceGroup string
@description('The deployment of the model.')
param deploymentName string
@description('The deployment that answers batches; empty: none does.')
param batchDeploymentName string
@description('The model behind the deployment: its row in describer/vision/models.toml.')
param modelFamily string
@description('Maximum number of concurrent calls of the model per instance.')
param modelConcurrency int
@description('The deployment\'s quota, from which the time of a backfill is estimated.')
param modelTokensPerMinute int
@description('Application Insights.')
param insightsName string
@description('Custom topic for outcomes. Empty: none.')
param eventsTopicName string
@description('Optional settings, which replace those made here.')
param appSettings object
@description('Stop all calls of the model; uploads are deferred and none is lost. See infra/emergency.py.')
param emergencyStop bool
@description('Memory of an instance.')
param instanceMemoryMB int
@description('Maximum number of instances.')
param maximumInstanceCount int
@description('Instances that are always ready for uploads; 0: the first upload after a pause starts one.')
param alwaysReadyInstances int
@description('Route of uploads, which decides what may call the app under isolation and which functions are always ready.')
param uploadRoute routeType
@description('Spread the always-ready instances over zones; the storage must be zone-redundant too.')
param zoneRedundant bool
@description('Refuse calls except from Event Grid and allowedIpRanges.')
param networkIsolation bool
@description('Subnet of the app. Empty: none.')
param subnetId string
@description('Public IPv4 addresses or ranges (CIDR) that may reach the app and its deployment endpoint.')
param allowedIpRanges string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName
}

resource images 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: imagesAccountName
  scope: resourceGroup(imagesResourceGroup)
}

resource openAi 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: openAiName
  scope: resourceGroup(openAiResourceGroup)
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource eventsTopic 'Microsoft.EventGrid/topics@2025-02-15' existing = if (!empty(eventsTopicName)) {
  name: empty(eventsTopicName) ? 'none' : eventsTopicName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

// Blob triggers scale as one group; any other function by itself. On the other routes pictures are described in `work`.
var readyGroup = { blobTrigger: 'blob', queue: 'function:work', eventGridTrigger: 'function:work' }
// The route `queue` needs no inbound calls: Event Grid writes to storage. Deployments then come from within the network.
var closed = networkIsolation && uploadRoute == 'queue' && empty(allowedIpRanges)
var fromEventGrid = {
  name: 'event-grid'
  description: 'Uploads, by the webhook of the blob trigger or of the Event Grid trigger.'
  tag: 'ServiceTag'
  ipAddress: 'AzureEventGrid'
  action: 'Allow'
  priority: 100
}
var fromPeople = [
  for (range, i) in allowedIpRanges: {
    name: 'allowed-${i}'
    ipAddress: contains(range, '/') ? range : '${range}/32'
    action: 'Allow'
    priority: 200 + i
  }
]

// The name of a deployment that does not exist; infra/emergency.py sets the same name.
var stoppedDeployment = 'stopped-by-emergency'
var settings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  AzureWebJobsStorage__blobServiceUri: host.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: host.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: host.properties.primaryEndpoints.table
  IMAGES__credential: 'managedidentity'
  IMAGES__clientId: identity.properties.clientId
  IMAGES__blobServiceUri: images.properties.primaryEndpoints.blob
  // The trigger's poison queue. It is not in the images account, because the host stops, and the whole app with it, if it
  // cannot read a queue that a function names.
  IMAGES__queueServiceUri: host.properties.primaryEndpoints.queue
  IMAGES_CONTAINER: imagesContainers[0]
  IMAGES_MORE_CONTAINERS: join(skip(imagesContainers, 1), ',')
  DESCRIPTIONS_CONTAINER: descriptionsContainer
  AZURE_OPENAI_ENDPOINT: openAi.properties.endpoint
  AZURE_OPENAI_DEPLOYMENT: deploymentName
  MODEL_FAMILY: modelFamily
  BATCH_DEPLOYMENT: batchDeploymentName
  MODEL_CONCURRENCY: string(modelConcurrency)
  MODEL_TOKENS_PER_MINUTE: string(modelTokensPerMinute)
  // Each night: removes records of deleted pictures; those with people's texts after DELETED_RETENTION_DAYS. Empty: never.
  DELETED_CLEANUP_AT: '03:30'
  EVENTS_TOPIC_ENDPOINT: empty(eventsTopicName) ? '' : eventsTopic!.properties.endpoint
  // For azure-identity, if a client does not name the identity.
  AZURE_CLIENT_ID: identity.properties.clientId
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
  // The worker connects the app's spans to the host's. PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY would make the worker
  // configure what the app configures itself: docs/adr/0004-telemetry.md.
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
  // On a stop, the host waits for running functions instead of cancelling them.
  FUNCTIONS_ENABLE_DRAIN_ON_APP_STOPPING: 'true'
  ...appSettings
  // The service answers 404 for a name without a deployment, and the app defers pictures until that ends.
  ...(emergencyStop ? { AZURE_OPENAI_DEPLOYMENT: stoppedDeployment, MODELS_ALLOWED: '', BATCH_DEPLOYMENT: '' } : {})
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: closed ? 'Disabled' : 'Enabled'
    // No affinity cookie, because instances keep no state of callers.
    clientAffinityEnabled: false
    // For settings that are Key Vault references: without it, the app would ask by a system-assigned identity that it lacks.
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      // With a minimum of 1.3, Event Grid could not deliver.
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: networkIsolation ? 'Deny' : 'Allow'
      ipSecurityRestrictions: networkIsolation ? concat(uploadRoute == 'queue' ? [] : [fromEventGrid], fromPeople) : []
      // Deployments use this endpoint, with an Entra token; without known ranges, any address must be allowed.
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: networkIsolation && !empty(allowedIpRanges) ? 'Deny' : 'Allow'
      scmIpSecurityRestrictions: networkIsolation ? fromPeople : []
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${host.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // Python's default is one request at a time. host.json has the same limit; benchmarks/ondemand.py gives the reason.
        triggers: { http: { perInstanceConcurrency: 12 } }
        alwaysReady: alwaysReadyInstances > 0
          ? [{ name: readyGroup[uploadRoute], instanceCount: alwaysReadyInstances }]
          : []
      }
    }
  }

  resource configuration 'config' = {
    name: 'appsettings'
    properties: settings
  }

  // Disables user names and passwords for deployments.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

@description('Names of the app settings that this deployment sets, separated by commas; others were set by hand.')
output settingNames string = join(objectKeys(settings), ',')
