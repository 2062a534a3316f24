// Built-in roles by their ids, and the types that several modules share.

@export()
@description('The model of a deployment, and its capacity.')
type modelType = {
  @description('Name of the model, and of the deployment.')
  name: string
  @description('Version of the model.')
  version: string
  @description('Where pictures may be processed; main.bicep refuses an empty value.')
  skuName: '' | 'GlobalStandard' | 'DataZoneStandard' | 'Standard'
  @description('Capacity in thousand tokens a minute.')
  @minValue(1)
  capacity: int
}

@export()
@description('A deployment of the same model that answers batches.')
type batchType = {
  @description('Name of the deployment; empty: there is none.')
  name: string
  @description('Where pictures may be processed.')
  skuName: '' | 'GlobalBatch' | 'DataZoneBatch'
  @description('Capacity in the unit of its quota.')
  @minValue(1)
  capacity: int
}

@export()
@description('The one way in which uploads reach the app.')
type routeType = 'blobTrigger' | 'queue' | 'eventGridTrigger'

@export()
@description('What the identity may do in the images account.')
type imagesRoleType = 'StorageBlobDataOwner' | 'StorageBlobDataContributor'

@export()
@description('State of a storage account\'s public endpoint under isolation: closed, or open for trusted services of Azure only.')
type isolatedStorageType = 'Disabled' | 'TrustedServices'

@export()
@description('A service with a private endpoint.')
type privateServiceType = {
  @description('Short name, part of the endpoint\'s name.')
  name: string
  @description('Resource id of the service.')
  id: string
  @description('The sub-resource, which also determines the DNS zone.')
  group: 'blob' | 'queue' | 'table' | 'account' | 'topic' | 'sites'
}

@export()
var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  queueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  openAiUser: '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
  openAiContributor: 'a001fd3d-188f-4b5d-821b-7da978bf7442'
  eventGridDataSender: 'd5a91429-5739-47e2-a06b-3470a27159e7'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}
