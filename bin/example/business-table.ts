import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import type { Stage } from './stage.ts'

/** The example's own data: the rows of each merchant. */
export const businessTable = (scope: Construct, id: string, { removalPolicy }: Stage): TableV2 =>
  new TableV2(scope, id, {
    partitionKey: { name: 'merchantId', type: AttributeType.STRING },
    sortKey: { name: 'id', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
  })
