// A storage account without keys, with its containers and queues.

import { isolatedStorageType } from './types.bicep'

@description('Name of the account.')
param name string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Redundancy. Zones are not available in every region.')
param redundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'
@description('Containers to create.')
param containerNames string[]
@description('Queues to create.')
param queueNames string[] = []
@description('Close the public endpoints, except for allowedIpRanges.')
param networkIsolation bool
@description('How they are closed: Disabled, or TrustedServices, which leaves them open for trusted services of Azure.')
param isolatedStorageAccess isolatedStorageType
@description('Public IPv4 addresses or ranges (CIDR) that keep access.')
param allowedIpRanges string[]
@description('Days for which deleted blobs and containers can be brought back.')
param softDeleteDays int = 7

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowedCopyScope: 'AAD'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    // Azure sets these at creation only: a second layer of encryption, and encryption of queues and tables with the account's
    // key, so that a key of yours can replace it later.
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: { enabled: true, keyType: 'Account' }
        file: { enabled: true, keyType: 'Account' }
        queue: { enabled: true, keyType: 'Account' }
        table: { enabled: true, keyType: 'Account' }
      }
    }
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: networkIsolation && empty(allowedIpRanges) && isolatedStorageAccess == 'Disabled'
      ? 'Disabled'
      : 'Enabled'
    networkAcls: {
      // Through this exception Event Grid, a trusted service, writes dead letters and queue messages with its identity. That
      // this also works if public access is Disabled is documented but doubtful: docs/deploy.md, "Behind private endpoints".
      bypass: 'AzureServices'
      defaultAction: networkIsolation ? 'Deny' : 'Allow'
      // The storage firewall accepts a single address only without /32.
      ipRules: [
        for range in (networkIsolation ? allowedIpRanges : []): {
          value: endsWith(range, '/32') ? split(range, '/')[0] : range
          action: 'Allow'
        }
      ]
    }
  }

  // No versioning: each write of a picture's metadata would store, and cost, another copy of the picture.
  resource blob 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
      containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    }

    resource containers 'containers' = [
      for container in containerNames: {
        name: container
        properties: { publicAccess: 'None' }
      }
    ]
  }

  resource queue 'queueServices' = {
    name: 'default'

    resource queues 'queues' = [for queueName in queueNames: { name: queueName }]
  }
}
