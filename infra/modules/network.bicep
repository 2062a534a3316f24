// Network isolation: a virtual network for the app and for private endpoints, and private DNS zones for their names; those
// that exist already are not created. The endpoints are in private-endpoints.bicep. Event Grid reaches the app from
// outside (function-app.bicep), and storage as a trusted service (storage.bicep).

@description('Ending of the resource names.')
param suffix string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Addresses of the network; a /22 or larger. Choose another range to peer it with yours.')
param addressPrefix string
@description('Existing subnet for the app. Empty: this deployment creates a network.')
param existingAppSubnetId string
@description('Names of the private DNS zones to create.')
param zoneNames string[]

var names = { network: 'vnet-${suffix}', app: 'app', endpoints: 'endpoints' }
var own = empty(existingAppSubnetId)
// A compromised instance must not be able to sign in to machines in the same network.
var noRemoteShells = {
  name: 'no-remote-shells-go-out'
  properties: {
    priority: 4000
    direction: 'Outbound'
    access: 'Deny'
    protocol: 'Tcp'
    sourceAddressPrefix: '*'
    sourcePortRange: '*'
    destinationAddressPrefix: '*'
    destinationPortRanges: ['22', '3389']
  }
}

// The app's subnet accepts no inbound traffic. Outbound traffic is hardly restricted here: the platform itself must reach Entra,
// Azure Monitor and its own registries, which differ by region; look them up for your firewall.
resource appRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = if (own) {
  name: 'nsg-app-${suffix}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'nothing-comes-in'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      noRemoteShells
    ]
  }
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = if (own) {
  name: 'nsg-endpoints-${suffix}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        // From the app, and from peered networks, where users upload pictures.
        name: 'https-from-networks'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: 'VirtualNetwork'
          destinationPortRange: '443'
        }
      }
      {
        name: 'nothing-else-comes-in'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      noRemoteShells
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = if (own) {
  name: names.network
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: names.app
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          networkSecurityGroup: { id: appRules.id }
          // Explicit, because later API versions leave a subnet without outbound access to Entra and Azure Monitor.
          defaultOutboundAccess: true
          // Flex Consumption's delegation; the provider Microsoft.App must be registered in the subscription.
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: names.endpoints
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 4)
          networkSecurityGroup: { id: endpointRules.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
          defaultOutboundAccess: false
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for name in zoneNames: {
    name: name
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (name, i) in zoneNames: {
    parent: zones[i]
    name: names.network
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: own ? network.id : split(existingAppSubnetId, '/subnets/')[0] }
    }
  }
]
