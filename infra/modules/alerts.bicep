// Alert rules, one per row. Fired alerts appear in the portal; if an address is set, Azure also sends e-mail.
// docs/operations.md says what to do about each.

@description('Ending of the resource names.')
param suffix string
@description('Region.')
param location string
@description('Tags.')
param tags object
@description('E-mail address for alerts. Empty: no e-mail is sent.')
param email string
@description('The workspace.')
param workspaceName string
@description('Resource id of the system topic.')
param systemTopicId string
@description('The app\'s subscription on it; other programs may have their own.')
param eventSubscriptionName string
@description('Resource id of the Azure OpenAI account.')
param openAiId string
@description('The deployment of the model; the account may have others.')
param deploymentName string
@description('Thousand tokens a day above which an alert fires.')
param dailyTokensThousand int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource owner 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'pictures'
    emailReceivers: [{ name: 'owner', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// Severity: 1 data is lost or processing has stopped, 2 something fails, 3 something is slow or expensive.
var metricAlerts = [
  {
    name: 'dead-letters'
    title: 'Event Grid gave up on uploads: their events lie in the dead-letter container'
    severity: 1
    resource: systemTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeadLetteredCount'
    dimensions: [{ name: 'EventSubscriptionName', operator: 'Include', values: [eventSubscriptionName] }]
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'dropped-events'
    title: 'Event Grid dropped uploads: it could not even write their events to the dead-letter container'
    severity: 1
    resource: systemTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DroppedEventCount'
    dimensions: [{ name: 'EventSubscriptionName', operator: 'Include', values: [eventSubscriptionName] }]
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'failing-deliveries'
    title: 'Event Grid cannot deliver uploads; it goes on trying for a day'
    severity: 2
    resource: systemTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeliveryAttemptFailCount'
    dimensions: [{ name: 'EventSubscriptionName', operator: 'Include', values: [eventSubscriptionName] }]
    threshold: 10
    frequency: 'PT15M'
    window: 'PT1H'
  }
  {
    name: 'throttling'
    title: 'The model turns calls away for want of quota; pictures wait in the queue'
    severity: 3
    resource: openAiId
    namespace: 'Microsoft.CognitiveServices/accounts'
    metric: 'AzureOpenAIRequests'
    dimensions: [
      { name: 'StatusCode', operator: 'Include', values: ['429'] }
      { name: 'ModelDeploymentName', operator: 'Include', values: [deploymentName] }
    ]
    threshold: 100
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'token-spend'
    title: 'More tokens in a day than planned'
    severity: 2
    resource: openAiId
    namespace: 'Microsoft.CognitiveServices/accounts'
    metric: 'TokenTransaction'
    dimensions: [{ name: 'ModelDeploymentName', operator: 'Include', values: [deploymentName] }]
    threshold: dailyTokensThousand * 1000
    frequency: 'PT1H'
    window: 'P1D'
  }
]

// Each fires when its query has a row; the condition is part of the query, which docs/operations.md shows too.
var logAlerts = [
  {
    name: 'poison-messages'
    title: 'Messages that came to no end: the app brings uploads back to work, the rest waits for a person'
    severity: 1
    query: loadTextContent('../alerts/poison-messages.kql')
  }
  {
    name: 'nothing-runs'
    title: 'Messages arrive on a queue, and the app takes none: it does not start'
    severity: 1
    query: loadTextContent('../alerts/nothing-runs.kql')
  }
  {
    name: 'host-stops'
    title: 'The Functions host ended the whole app: storage refused it a queue or a blob'
    severity: 1
    query: loadTextContent('../alerts/host-stops.kql')
  }
  {
    name: 'unreadable-messages'
    title: 'The Functions host threw messages away, or moved them, because it could not read them'
    severity: 1
    query: loadTextContent('../alerts/unreadable-messages.kql')
  }
  {
    name: 'misconfigured'
    title: 'A role, a setting or a deployment is missing: all pictures wait'
    severity: 1
    query: loadTextContent('../alerts/misconfigured.kql')
  }
  {
    name: 'failures'
    title: 'Pictures were given up after all their tries'
    severity: 2
    query: loadTextContent('../alerts/failures.kql')
  }
  {
    name: 'work-waits'
    title: 'Pictures wait for more than an hour'
    severity: 2
    query: loadTextContent('../alerts/work-waits.kql')
  }
  {
    name: 'over-budget'
    title: 'The daily budget is used up: pictures wait until midnight UTC'
    severity: 2
    query: loadTextContent('../alerts/over-budget.kql')
  }
  {
    name: 'unpublished-events'
    title: 'The custom topic does not take what the app announces; it waits in a queue'
    severity: 2
    query: loadTextContent('../alerts/unpublished-events.kql')
  }
  {
    name: 'log-cap'
    title: 'The workspace takes no more logs today: until it does, the alerts that ask it are blind'
    severity: 1
    query: loadTextContent('../alerts/log-cap.kql')
  }
]

resource metrics 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in metricAlerts: {
    name: '${alert.name}-${suffix}'
    location: 'global'
    tags: tags
    properties: {
      description: '${alert.title}. What to do: docs/operations.md#${alert.name}'
      severity: alert.severity
      enabled: true
      scopes: [alert.resource]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: alert.namespace
            metricName: alert.metric
            dimensions: alert.dimensions
            operator: 'GreaterThan'
            threshold: alert.threshold
            timeAggregation: 'Total'
            // The event subscription, and with it this dimension, exists only after the first deployment of code.
            skipMetricValidation: true
          }
        ]
      }
      actions: empty(email) ? [] : [{ actionGroupId: owner.id }]
    }
  }
]

resource logs 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in logAlerts: {
    name: '${alert.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      description: 'What to do: docs/operations.md#${alert.name}'
      severity: alert.severity
      enabled: true
      scopes: [workspace.id]
      // Rows arrive minutes after the event (storage logs up to twenty), so the windows overlap.
      evaluationFrequency: 'PT15M'
      windowSize: 'PT1H'
      autoMitigate: true
      // The tables appear with their first row.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(email) ? [] : [owner.id] }
    }
  }
]
