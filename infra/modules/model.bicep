// An Azure OpenAI account without keys, and one deployment of a vision model.

import { batchType, modelType } from './types.bicep'

@description('Name of the account, and its subdomain.')
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('The model.')
param model modelType
@description('The deployment that answers batches, if any.')
param batch batchType
@description('Content filter; empty: the service\'s default.')
param contentFilter string
@description('Close the public endpoint.')
param networkIsolation bool
@description('Restore a soft-deleted account of this name instead of creating one.')
param restore bool

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  // This identity has no roles; policies of landing zones require it.
  identity: { type: 'SystemAssigned' }
  properties: {
    // Entra tokens are accepted on a subdomain only.
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: networkIsolation ? 'Disabled' : 'Enabled'
    // The account need not fetch anything from the internet: requests contain the pictures, never their addresses.
    restrictOutboundNetworkAccess: true
    allowedFqdnList: []
    networkAcls: { defaultAction: networkIsolation ? 'Deny' : 'Allow' }
    restore: restore ? true : null
  }
}

resource deployment 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {
  parent: account
  name: model.name
  sku: { name: model.skuName, capacity: model.capacity }
  properties: {
    model: { format: 'OpenAI', name: model.name, version: model.version }
    raiPolicyName: empty(contentFilter) ? null : contentFilter
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
}

resource batches 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = if (!empty(batch.name)) {
  parent: account
  name: empty(batch.name) ? 'none' : batch.name
  sku: { name: batch.skuName, capacity: batch.capacity }
  properties: {
    model: { format: 'OpenAI', name: model.name, version: model.version }
    raiPolicyName: empty(contentFilter) ? null : contentFilter
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
  // An account accepts one change at a time.
  dependsOn: [deployment]
}
