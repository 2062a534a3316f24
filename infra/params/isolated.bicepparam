// Behind private endpoints, on the route without any key.
using '../main.bicep'

param environmentName = 'isolated'
param location = 'swedencentral'
param uploadRoute = 'queue'
param moreImagesContainers = 'archive'
param openAiLocation = 'swedencentral'
// In one region: of the models that have such a deployment, see ../models.json.
param modelSkuName = 'Standard'
param modelName = 'gpt-5.1'
param modelVersion = '2025-11-13'
param storageRedundancy = 'Standard_ZRS'
param networkIsolation = true
param appPrivateEndpoint = true
param alertEmail = 'ops@example.com'
