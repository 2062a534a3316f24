// Role assignments in this deployment's own resource group, each at the narrowest scope that works. The roles on the images
// account and on the model, which may be elsewhere, are in images-access.bicep and model-access.bicep.
//
// The name of an assignment contains its principal, because an assignment cannot be moved to another principal: an identity
// that was deleted and created again needs assignments of other names. Hence the two principals are parameters.

import { roles, routeType } from './types.bicep'

@description('The app\'s own storage account.')
param hostAccountName string
@description('Container of dead letters: events that Event Grid could not deliver.')
param deadLetterContainer string
@description('Queue of deferred work, and on the route queue of uploads.')
param workQueue string
@description('Route of uploads.')
param uploadRoute routeType
@description('Application Insights.')
param insightsName string
@description('Custom topic for outcomes. Empty: none.')
param eventsTopicName string
@description('Principal of the app\'s identity.')
param appPrincipalId string
@description('Principal of the system topic, which delivers.')
param systemTopicPrincipalId string

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

// The Functions host: leases and the package (blobs), its own queues and the app's, diagnostic events (tables).
resource onHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.blobDataOwner, roles.queueDataContributor, roles.tableDataContributor]: {
    name: guid(host.id, appPrincipalId, role)
    scope: host
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
  }
}

resource onEventsTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(eventsTopicName)) {
  name: guid(eventsTopic.id, appPrincipalId, roles.eventGridDataSender)
  scope: eventsTopic
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}

resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host::blob::deadLetters.id, systemTopicPrincipalId, roles.blobDataContributor)
  scope: host::blob::deadLetters
  properties: {
    principalId: systemTopicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

resource delivery 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (uploadRoute == 'queue') {
  name: guid(host::queue::work.id, systemTopicPrincipalId, roles.queueDataMessageSender)
  scope: host::queue::work
  properties: {
    principalId: systemTopicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataMessageSender)
  }
}
