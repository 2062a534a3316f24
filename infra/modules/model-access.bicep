// The app may call the model: one role on the Azure OpenAI account, be it ours or one that exists.

import { roles } from './types.bicep'

@description('The Azure OpenAI account.')
param accountName string
@description('Resource id of the app\'s identity.')
param identityId string
@description('Seeds the name of the role assignment; see images-access.bicep.')
param seed string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityId, seed, roles.openAiUser)
  scope: account
  properties: {
    principalId: reference(identityId, '2024-11-30').principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.openAiUser)
  }
}
