// The least: everything is created, nobody is written to.
using '../main.bicep'

param environmentName = 'dev'
param location = 'swedencentral'
param openAiLocation = 'swedencentral'
param modelSkuName = 'GlobalStandard'
param deployerId = '00000000-0000-0000-0000-00000000dddd'
