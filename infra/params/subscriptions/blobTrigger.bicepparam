// As infra/hooks/postdeploy.py deploys it, after the code.
using '../../modules/event-subscription.bicep'

param systemTopicName = 'egst-example'
param eventSubscriptionName = 'uploads-to-func-example'
param uploadRoute = 'blobTrigger'
param functionAppName = 'func-example'
param functionAppResourceGroup = 'rg-example'
param hostAccountName = 'sthostexample'
param containerNames = ['images']
