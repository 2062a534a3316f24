// For daily work: pictures stay in the EU, an instance waits for them, alerts are sent.
using '../main.bicep'

param environmentName = 'prod'
param location = 'swedencentral'
param tags = { owner: 'web-team' }
param openAiLocation = 'swedencentral'
param modelSkuName = 'DataZoneStandard'
param modelCapacity = 1000
param batchSkuName = 'DataZoneBatch'
param batchCapacity = 1000
param imagesRole = 'StorageBlobDataContributor'
param storageRedundancy = 'Standard_ZRS'
param alwaysReadyInstances = 1
param alertEmail = 'ops@example.com'
param dailyTokensThousand = 50000
param dailyLogCapGb = 5
param logRetentionDays = 90
param appSettings = { DESCRIPTION_LANGUAGES: 'en,de' }
