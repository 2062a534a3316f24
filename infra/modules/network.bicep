// Network isolation: a virtual network for the app, a private endpoint for each service that it uses, and their names.
// Event Grid reaches the app from outside (function-app.bicep), and storage as a trusted service (storage.bicep).

import { privateServiceType } from './types.bicep'

@description('Ending of the resource names.')
param token string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Addresses of the network; a /22 or larger. Choose another range to peer it with yours.')
param addressPrefix string
@description('Names of an Azure AI services account too: an existing account may be one, and is called by them.')
param foundry bool
@description('Services that are reached privately.')
param services privateServiceType[]

// The number of zones must not depend on environment(), or a snapshot could not expand the loop.
var groups = union(map(services, service => service.group), [])
var foundryZones = foundry ? ['privatelink.cognitiveservices.azure.com', 'privatelink.services.ai.azure.com'] : []
var zoneCount = length(groups) + length(foundryZones)
var zoneOf = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  account: 'privatelink.openai.azure.com'
  topic: 'privatelink.eventgrid.azure.net'
}
var names = { network: 'vnet-${token}', app: 'app', endpoints: 'endpoints' }

// The app's subnet takes nothing in. What it sends out is not restricted here: the platform itself must reach Entra,
// Azure Monitor and its own registries, which differ by region; whoever has a firewall knows them.
resource appRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-app-${token}'
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
    ]
  }
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-endpoints-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        // From the app, and from networks that are peered with this one: that is how pictures get in.
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
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
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
          // Said, because later versions of the API leave a subnet without a way to Entra and Azure Monitor.
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

  resource endpointSubnet 'subnets' existing = { name: names.endpoints }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for i in range(0, zoneCount): {
    name: i < length(groups) ? zoneOf[groups[i]] : foundryZones[i - length(groups)]
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for i in range(0, zoneCount): {
    parent: zones[i]
    name: names.network
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: 'pe-${service.name}-${token}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::endpointSubnet.id }
      privateLinkServiceConnections: [
        {
          name: service.name
          properties: {
            #disable-next-line use-resource-id-functions // main.bicep computes it with resourceId()
            privateLinkServiceId: service.id
            groupIds: [service.group]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (service, i) in services: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: concat(
        [{ name: service.group, properties: { privateDnsZoneId: zones[indexOf(groups, service.group)].id } }],
        service.group == 'account' && foundry
          ? [
              { name: 'cognitiveservices', properties: { privateDnsZoneId: zones[length(groups)].id } }
              { name: 'services-ai', properties: { privateDnsZoneId: zones[length(groups) + 1].id } }
            ]
          : []
      )
    }
  }
]
