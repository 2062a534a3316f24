// The identity of an existing system topic.

@description('Name of the topic, which has a system-assigned identity.')
param name string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: name
}

@description('Part of the names of its role assignments: see roles.bicep.')
output principalId string = topic.identity.principalId
