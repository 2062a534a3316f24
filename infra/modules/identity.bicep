// The app's identity. It is user-assigned, so that its roles can exist before the function app does.

@description('Name of the identity.')
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Part of the names of its role assignments: see roles.bicep.')
output principalId string = identity.properties.principalId
