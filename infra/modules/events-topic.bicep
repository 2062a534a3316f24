// The custom topic to which the app publishes outcomes. This deployment creates no subscription to it.

@description('Name of the topic.')
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Accept events by private endpoint only.')
param networkIsolation bool

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  // So that subscribers' deliveries and dead letters need no keys either.
  identity: { type: 'SystemAssigned' }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: networkIsolation ? 'Disabled' : 'Enabled'
    dataResidencyBoundary: 'WithinRegion'
  }
}
