// As infra/hooks/postdeploy.py deploys it, after the code. `make snapshots` predicts it; `bicep snapshot` by hand needs
// --resource-group rg-example, as it is deployed into a group.
using '../../modules/event-subscription.bicep'

param systemTopicName = 'egst-example'
param eventSubscriptionName = 'uploads-to-func-example'
param uploadRoute = 'blobTrigger'
param functionAppName = 'func-example'
param functionAppResourceGroup = 'rg-example'
param hostAccountName = 'sthostexample'
param containerNames = ['images']
