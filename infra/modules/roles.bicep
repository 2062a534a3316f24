// Who may do what in our own resource group, each at the narrowest scope that works. The roles on the images account
// and on the model, which may be elsewhere, are in images-access.bicep and model-access.bicep.

import { roles, routeType } from './types.bicep'

@description('The app\'s identity.')
param identityName string
@description('The app\'s own storage account.')
param hostAccountName string
@description('Container of events that could not be delivered.')
param deadLetterContainer string
@description('Queue of deferred work; on the queue route of uploads too.')
param workQueue string
@description('Route of uploads.')
param uploadRoute routeType
@description('Application Insights.')
param insightsName string
@description('Custom topic of what was described. Empty: none.')
param eventsTopicName string
@description('Resource id of the system topic, whose identity delivers.')
param systemTopicId string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName

  resource blob 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = { name: deadLetterContainer }
  }

  resource queue 'queueServices' existing = {
    name: 'default'

    resource work 'queues' existing = { name: workQueue }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource eventsTopic 'Microsoft.EventGrid/topics@2025-02-15' existing = if (!empty(eventsTopicName)) {
  name: empty(eventsTopicName) ? 'none' : eventsTopicName
}

// The Functions host: leases and the package (blobs), its own and our queues, diagnostic events (tables).
resource onHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.blobDataOwner, roles.queueDataContributor, roles.tableDataContributor]: {
    name: guid(host.id, identity.id, role)
    scope: host
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
  }
}

resource onEventsTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(eventsTopicName)) {
  name: guid(eventsTopic.id, identity.id, roles.eventGridDataSender)
  scope: eventsTopic
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}

var eventGrid = reference(systemTopicId, '2025-02-15', 'full').identity.principalId

resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host::blob::deadLetters.id, systemTopicId, roles.blobDataContributor)
  scope: host::blob::deadLetters
  properties: {
    principalId: eventGrid
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

resource delivery 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (uploadRoute == 'queue') {
  name: guid(host::queue::work.id, systemTopicId, roles.queueDataMessageSender)
  scope: host::queue::work
  properties: {
    principalId: eventGrid
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageSender)
  }
}
