// The system topic of the images account: the source of upload events. An account can have only one, so this
// is not deployed if one exists. Its identity writes dead letters and, on the queue route, the messages.

@description('Name of the topic.')
param name string
@description('Region of the images account, where the topic must be.')
param location string
@description('Tags.')
param tags object
@description('Resource id of the images account.')
param imagesAccountId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: imagesAccountId
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

@description('Part of the names of its role assignments: see roles.bicep.')
output principalId string = topic.identity.principalId
