// Logs and metrics: one workspace, Application Insights that accepts Entra tokens only, and the workbook.

@description('Name of the workspace.')
param workspaceName string
@description('Name of Application Insights.')
param insightsName string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Gigabytes a day after which the workspace takes no more until the next day; -1: no limit.')
param dailyCapGb int
@description('Retention of logs in days.')
param retentionDays int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    // Public under network isolation too: a private link scope would replace the DNS names of Azure Monitor wherever its
    // zones are linked, for other workspaces too. Telemetry needs a token and a role, and contains no picture and no text.
    publicNetworkAccessForIngestion: 'Enabled'
    DisableLocalAuth: true
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Picture descriptions'
    category: 'workbook'
    sourceId: workspace.id
    version: '1.0'
    serializedData: replace(string(loadJsonContent('../workbook.json')), 'WORKSPACE_RESOURCE_ID', workspace.id)
  }
}
