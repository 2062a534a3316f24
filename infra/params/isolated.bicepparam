// Behind private endpoints, on the route without any key.
using '../main.bicep'

param environmentName = 'isolated'
param location = 'swedencentral'
param uploadRoute = 'queue'
param moreImagesContainers = 'archive'
param openAiLocation = 'swedencentral'
param modelSkuName = 'Standard'
param storageRedundancy = 'Standard_ZRS'
param networkIsolation = true
param alertEmail = 'ops@example.com'
