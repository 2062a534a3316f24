// The event subscription that delivers uploads to the app. infra/hooks/postdeploy.py deploys it after the code, into the
// resource group of the system topic, because a webhook's key and an Event Grid function exist only once the code runs.
// All routes share one name, so that a new route replaces the old one and no picture is processed twice.

import { routeType } from './types.bicep'

@description('The system topic, in the resource group of this deployment.')
param systemTopicName string
@description('Name of the subscription, the same for every route.')
param eventSubscriptionName string
@description('Route of uploads.')
param uploadRoute routeType
@description('The function app.')
param functionAppName string
@description('Resource group of the function app and of its storage account.')
param functionAppResourceGroup string
@description('The app\'s own storage account: dead letters, and the queue of the route queue.')
param hostAccountName string
// Event Grid allows 25 values in all filters of a subscription; two are used for data.api.
@description('Containers whose pictures are described; one on the route blobTrigger, 23 at most.')
@minLength(1)
@maxLength(23)
param containerNames string[]
@description('Container of dead letters: events that Event Grid could not deliver.')
param deadLetterContainer string = 'eventgrid-deadletter'
@description('Queue of the route queue.')
param workQueue string = 'image-work'

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
  scope: resourceGroup(functionAppResourceGroup)
}

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName
  scope: resourceGroup(functionAppResourceGroup)
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: systemTopicName
}

var identity = { type: 'SystemAssigned' }
// The blob trigger's path names one container, and its webhook does not check events.
var served = uploadRoute == 'blobTrigger' && length(containerNames) > 1
  ? fail('The blob trigger serves one container: choose the route queue or eventGridTrigger for several.')
  : containerNames
var prefixes = map(served, name => '/blobServices/default/containers/${name}/blobs/')
var several = length(served) > 1

// The only key of this installation: the blob trigger authenticates Event Grid by it. The key exists once the code runs;
// Azure Resource Manager reads it here, and no shell sees it. `if` evaluates only the chosen branch, so the other routes
// work without the key.
var webhook = {
  endpointType: 'WebHook'
  properties: {
    endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.describe_on_upload&code=${uploadRoute == 'blobTrigger' ? uriComponent(listKeys('${app.id}/host/default', '2025-03-01').systemKeys.blobs_extension) : ''}'
    maxEventsPerBatch: 1
    preferredBatchSizeInKilobytes: 64
    minimumTlsVersionAllowed: '1.2'
  }
}
var function = {
  endpointType: 'AzureFunction'
  properties: {
    resourceId: '${app.id}/functions/on_storage_event'
    // One event per delivery: Event Grid delivers a whole batch again if one of its events fails.
    maxEventsPerBatch: 1
    preferredBatchSizeInKilobytes: 64
  }
}
var queue = {
  endpointType: 'StorageQueue'
  properties: {
    resourceId: host.id
    queueName: workQueue
    queueMessageTimeToLiveInSeconds: -1
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: eventSubscriptionName
  properties: {
    destination: uploadRoute == 'queue' ? null : uploadRoute == 'blobTrigger' ? webhook : function
    deliveryWithResourceIdentity: uploadRoute == 'queue' ? { identity: identity, destination: queue } : null
    // The blob trigger's webhook would treat a deletion as an upload, and fail the whole delivery at a BlobRenamed or at an
    // event of a directory; it accepts a change of tier, after which an archived picture can be read. The other routes read
    // the type.
    filter: {
      includedEventTypes: uploadRoute == 'blobTrigger'
        ? ['Microsoft.Storage.BlobCreated', 'Microsoft.Storage.BlobTierChanged']
        : [
            'Microsoft.Storage.BlobCreated'
            'Microsoft.Storage.BlobTierChanged'
            'Microsoft.Storage.BlobRenamed'
            'Microsoft.Storage.BlobDeleted'
          ]
      // With `/blobs/` at the end: otherwise `images` would match `images-old` too.
      subjectBeginsWith: several ? '/blobServices/default/containers/' : prefixes[0]
      // With a hierarchical namespace a file is created empty first, and flushed when it is complete. A client that
      // flushes without closing raises no second event: docs/operations.md, "Pictures without an event".
      advancedFilters: concat(
        [{ operatorType: 'StringNotIn', key: 'data.api', values: ['CreateFile', 'SftpCreate'] }],
        several ? [{ operatorType: 'StringBeginsWith', key: 'subject', values: prefixes }] : []
      )
    }
    eventDeliverySchema: uploadRoute == 'queue' ? 'CloudEventSchemaV1_0' : 'EventGridSchema'
    // One day, the maximum: events survive a night during which the app does not start.
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: identity
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: host.id, blobContainerName: deadLetterContainer }
      }
    }
  }
}
