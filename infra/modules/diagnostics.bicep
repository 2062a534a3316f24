// Diagnostic settings of this deployment's own resources; those of the images account's queues are in images-access.bicep.
// Other existing resources keep the settings of their owners.

@description('Name of the settings.')
param name string
@description('The workspace.')
param workspaceName string
@description('The app\'s own storage account: each message put on a queue is logged, poison queues included.')
param hostAccountName string
@description('This deployment\'s system topic. Empty: an existing one is used.')
param systemTopicName string
@description('This deployment\'s custom topic. Empty: none.')
param eventsTopicName string
@description('This deployment\'s Azure OpenAI account. Empty: an existing one is used.')
param openAiName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName

  resource queue 'queueServices' existing = { name: 'default' }
}

resource systemTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (!empty(systemTopicName)) {
  name: empty(systemTopicName) ? 'none' : systemTopicName
}

resource eventsTopic 'Microsoft.EventGrid/topics@2025-02-15' existing = if (!empty(eventsTopicName)) {
  name: empty(eventsTopicName) ? 'none' : eventsTopicName
}

resource openAi 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = if (!empty(openAiName)) {
  name: empty(openAiName) ? 'none' : openAiName
}

// Log writes and deletions on queues, poison queues included, but not reads: most of these poll empty queues.
resource queues 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: host::queue
  name: name
  properties: {
    workspaceId: workspace.id
    logs: [
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

// Event Grid's logs go to tables of their own, which the queries in docs/operations.md read.
resource deliveries 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(systemTopicName)) {
  scope: systemTopic
  name: name
  properties: {
    workspaceId: workspace.id
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'DeliveryFailures', enabled: true }]
  }
}

resource publications 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(eventsTopicName)) {
  scope: eventsTopic
  name: name
  properties: {
    workspaceId: workspace.id
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'DeliveryFailures', enabled: true }
      { category: 'PublishFailures', enabled: true }
    ]
  }
}

resource model 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(openAiName)) {
  scope: openAi
  name: name
  properties: {
    workspaceId: workspace.id
    logs: [{ category: 'Audit', enabled: true }]
  }
}
