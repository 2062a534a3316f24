// Roles on the Azure OpenAI account, new or existing: the app may call the model and, if it uses batches, upload files.

import { roles } from './types.bicep'

@description('The Azure OpenAI account.')
param accountName string
@description('Principal of the app\'s identity; part of the assignments\' names, see roles.bicep.')
param appPrincipalId string
@description('Whether the app uploads files of requests, for which it needs the larger role.')
param batches bool

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

// OpenAI User can read files but not create them. This role can also change deployments: there is no smaller built-in role.
resource filesOnAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (batches) {
  name: guid(account.id, appPrincipalId, roles.openAiContributor)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.openAiContributor)
  }
}
