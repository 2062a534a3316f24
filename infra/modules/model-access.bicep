// The app may call the model: one role on the Azure OpenAI account, be it ours or one that exists.

import { roles } from './types.bicep'

@description('The Azure OpenAI account.')
param accountName string
@description('Principal of the app\'s identity; part of the assignments\' names, see roles.bicep.')
param appPrincipalId string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, roles.openAiUser)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.openAiUser)
  }
}
