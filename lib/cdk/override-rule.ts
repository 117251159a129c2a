import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources'
import type { Construct } from 'constructs'
import { OVERRIDES, type OverrideRule, SETTINGS_KEY, SETTINGS_NAME } from '../operator/table-settings.ts'
import { KEY_ACTIONS, leadingKeys } from './table-grant.ts'

/** Keeps the rule in the item `#settings`. Without the property the item is deleted, and the default applies. */
export const writeOverrideRule = (scope: Construct, table: ITable, rule: OverrideRule): void => {
  const parameters = { TableName: table.tableName, Item: { ...SETTINGS_KEY, [OVERRIDES]: { S: rule } } }
  const physicalResourceId = PhysicalResourceId.of('overrides')
  const service = 'dynamodb'
  new AwsCustomResource(scope, 'Overrides', {
    resourceType: 'Custom::LambdaOnceOverrides',
    installLatestAwsSdk: false,
    onUpdate: { service, action: 'PutItem', parameters, physicalResourceId }, // also when it is created
    onDelete: { service, action: 'DeleteItem', parameters: { TableName: table.tableName, Key: SETTINGS_KEY } },
    policy: AwsCustomResourcePolicy.fromStatements([
      new PolicyStatement({
        actions: ['dynamodb:PutItem', 'dynamodb:DeleteItem'],
        resources: [table.tableArn],
        conditions: leadingKeys(SETTINGS_NAME),
      }),
      ...(table.encryptionKey === undefined
        ? []
        : [new PolicyStatement({ actions: [...KEY_ACTIONS], resources: [table.encryptionKey.keyArn] })]),
    ]),
  })
}
