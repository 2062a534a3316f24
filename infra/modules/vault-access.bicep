// The app may read one secret of a key vault that exists, for a setting that is a Key Vault reference: a role on that secret alone.

import { roles } from './types.bicep'

@description('The key vault; it must use roles for its data (enableRbacAuthorization).')
param vaultName string
@description('The secret, which must exist.')
param secretName string
@description('Principal of the app\'s identity; part of the assignment\'s name, see roles.bicep.')
param appPrincipalId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName

  resource secret 'secrets' existing = {
    name: secretName
  }
}

resource onSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::secret.id, appPrincipalId, roles.keyVaultSecretsUser)
  scope: vault::secret
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}
