// A private endpoint for each service, with its records in private DNS zones: new or existing ones, or none if a policy of
// the landing zone adds them.

import { privateServiceType } from './types.bicep'

@description('Ending of the resource names.')
param suffix string
@description('Region, which is that of the subnet.')
param location string
@description('Tags.')
param tags object
@description('Subnet of the endpoints.')
param subnetId string
@description('Services that get a private endpoint.')
param services privateServiceType[]
@description('Further DNS names of a service, besides that of its own sub-resource, by sub-resource.')
param moreGroups object
@description('Resource ids of the private DNS zones, by sub-resource. Sub-resources without a zone get no record.')
param zoneIds object

var wanted = map(
  services,
  service => filter([service.group, ...(moreGroups[?service.group] ?? [])], group => contains(zoneIds, group))
)

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: 'pe-${service.name}-${suffix}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
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
  for (service, i) in services: if (!empty(wanted[i])) {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: map(wanted[i], group => { name: group, properties: { privateDnsZoneId: zoneIds[group] } })
    }
  }
]
