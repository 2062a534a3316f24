// The pictures and the model are there already, each in its own resource group, and a system topic too.
using '../main.bicep'

param environmentName = 'existing'
param location = 'swedencentral'
param uploadRoute = 'eventGridTrigger'
param imagesContainer = 'photos'
param moreImagesContainers = 'product-shots, scans'
param descriptionsContainer = 'photo-descriptions'
param existingImagesAccount = 'stourphotos'
param existingImagesResourceGroup = 'rg-photos'
param existingImagesLocation = 'westeurope'
param existingSystemTopic = 'stourphotos-events'
param imagesRole = 'StorageBlobDataContributor'
param existingOpenAi = 'our-openai'
param existingOpenAiResourceGroup = 'rg-ai'
param existingDeployment = 'vision'
param existingCapacity = 30
param modelName = 'gpt-6-luna'
param modelVersion = '2026-10-01'
param publishEvents = false
param existingKeyVault = 'kv-ours'
param existingKeyVaultResourceGroup = 'rg-secrets'
