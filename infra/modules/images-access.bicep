// What the app needs in the images account, new or existing: the container for descriptions, and roles on blobs. Nothing
// else in an existing account changes, and the app does not use its queues.

import { imagesRoleType, roles } from './types.bicep'

@description('The images account.')
param accountName string
@description('Containers of the pictures; they exist, or storage.bicep creates them.')
@minLength(1)
param imagesContainers string[]
@description('Container of the sidecars; created here.')
param descriptionsContainer string
@description('Principal of the app\'s identity; part of the assignments\' names, see roles.bicep.')
param appPrincipalId string
@description('Owner on the whole account, as the blob trigger\'s documentation requires, or Contributor on each of these containers.')
param imagesRole imagesRoleType
@description('Object id of the deployer, who runs the smoke test. Empty: no role.')
param deployerId string
@description('Kind of that principal.')
param deployerType 'User' | 'Group' | 'ServicePrincipal'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName

  resource blob 'blobServices' existing = {
    name: 'default'

    resource images 'containers' existing = [for name in imagesContainers: { name: name }]
  }
}

resource descriptions 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: account::blob
  name: descriptionsContainer
  properties: { publicAccess: 'None' }
}

var owner = imagesRole == 'StorageBlobDataOwner'

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (owner) {
  name: guid(account.id, appPrincipalId, roles.blobDataOwner)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataOwner)
  }
}

resource onImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in imagesContainers: if (!owner) {
    name: guid(account::blob::images[i].id, appPrincipalId, roles.blobDataContributor)
    scope: account::blob::images[i]
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    }
  }
]

resource onDescriptions 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!owner) {
  name: guid(descriptions.id, appPrincipalId, roles.blobDataContributor)
  scope: descriptions
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

// The smoke test uses the first container; on the others the deployer needs nothing.
resource deployerOnImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(account::blob::images[0].id, deployerId, roles.blobDataContributor)
  scope: account::blob::images[0]
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

resource deployerOnDescriptions 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(descriptions.id, deployerId, roles.blobDataContributor)
  scope: descriptions
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}
