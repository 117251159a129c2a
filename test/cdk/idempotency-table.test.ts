import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { AttributeType, type ITable, Table, type TablePropsV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { User } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { IdempotencyTable } from '../../lib/cdk/index.ts'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../lib/dynamodb/item.ts'
import { readOverrideRule, SETTINGS_KEY, SETTINGS_NAME } from '../../lib/operator/table-settings.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { plainFunction, refusal, synthesized } from './stack.ts'

const TABLE = 'AWS::DynamoDB::GlobalTable'

test('with minimal props: the key and TTL attribute of the store, on demand, protected, recoverable, kept', () => {
  const template = synthesized((stack) => new IdempotencyTable(stack, 'Idempotency'))
  template.hasResource(TABLE, {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      KeySchema: [{ AttributeName: PARTITION_KEY, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: PARTITION_KEY, AttributeType: 'S' }],
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: false },
      TableName: Match.absent(),
      WarmThroughput: Match.absent(),
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    },
  })
})

test('with maximal props', () => {
  const template = synthesized(
    (stack) =>
      new IdempotencyTable(stack, 'Idempotency', {
        tableName: 'records',
        encryptionKey: new Key(stack, 'Key'),
        pointInTimeRecovery: false,
        deletionProtection: false,
        removalPolicy: RemovalPolicy.DESTROY,
        maxReadRequestUnits: 20_000,
        maxWriteRequestUnits: 10_000,
        warmThroughput: { readUnitsPerSecond: 15_000, writeUnitsPerSecond: 5_000 },
      }),
  )
  template.hasResource(TABLE, {
    DeletionPolicy: 'Delete',
    Properties: {
      TableName: 'records',
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      WarmThroughput: { ReadUnitsPerSecond: 15_000, WriteUnitsPerSecond: 5_000 },
      WriteOnDemandThroughputSettings: { MaxWriteRequestUnits: 10_000 },
      Replicas: [
        {
          DeletionProtectionEnabled: false,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
          ReadOnDemandThroughputSettings: { MaxReadRequestUnits: 20_000 },
          SSESpecification: { KMSMasterKeyId: Match.anyValue() },
        },
      ],
    },
  })
})

test('it has one Region, no index and no stream', () => {
  const template = synthesized((stack) => new IdempotencyTable(stack, 'Idempotency'))
  const [{ Properties }] = Object.values(template.findResources(TABLE)) as [{ Properties: Record<string, unknown> }]
  expect(Properties.Replicas).toHaveLength(1)
  expect(Object.keys(Properties)).not.toEqual(expect.arrayContaining(['GlobalSecondaryIndexes', 'StreamSpecification']))
})

test('its logical id stays: with another id, it would be another table without the records', () => {
  const template = synthesized((stack) => new IdempotencyTable(stack, 'Idempotency'))
  expect(Object.keys(template.findResources(TABLE))).toEqual(['IdempotencyTable48612DF4'])
})

test('a table that can be removed has no deletion protection', () => {
  const template = synthesized((stack) => new IdempotencyTable(stack, 'T', { removalPolicy: RemovalPolicy.DESTROY }))
  template.hasResourceProperties(TABLE, { Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })] })
})

test('grantClaims gives access to the records of one operation only (G3)', () => {
  const template = synthesized((stack) => {
    new IdempotencyTable(stack, 'Idempotency').grantClaims(plainFunction(stack), { operation: 'payments' })
  })
  expect([...statementsByRole(template).values()]).toEqual([
    [
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        Resource: { 'Fn::GetAtt': ['IdempotencyTable48612DF4', 'Arn'] },
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['payments#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
    ],
  ])
})

test('each operation of a function needs its own grant', () => {
  const template = synthesized((stack) => {
    const table = new IdempotencyTable(stack, 'Idempotency')
    const worker = plainFunction(stack)
    table.grantClaims(worker, { operation: 'payments' })
    table.grantClaims(worker, { operation: 'refunds' })
  })
  const conditions = [...statementsByRole(template).values()].flat().map(({ Condition }) => Condition)
  expect(conditions.map((condition) => condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'])).toEqual([
    ['payments#*'],
    ['refunds#*'],
  ])
})

test('a table with a customer key also grants the use of the key (G3)', () => {
  const template = synthesized((stack) => {
    const encryptionKey = new Key(stack, 'Key')
    new IdempotencyTable(stack, 'T', { encryptionKey }).grantClaims(plainFunction(stack), { operation: 'payments' })
  })
  const [statements] = [...statementsByRole(template).values()]
  expect(statements?.map(actionsOf)).toEqual([
    ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
  ])
})

test('grantOperators reads, scans and updates records, and does not change the rule for overrides', () => {
  const template = synthesized((stack) => {
    const encryptionKey = new Key(stack, 'Key')
    new IdempotencyTable(stack, 'T', { encryptionKey }).grantOperators(plainFunction(stack))
  })
  const [statements = []] = [...statementsByRole(template).values()]
  const [reads, acts, onKey] = statements
  expect(statements.flatMap(actionsOf).filter((action) => /Put|Delete|Batch|\*$/.test(action))).toEqual([
    'kms:GenerateDataKey*',
    'kms:ReEncrypt*',
  ])
  expect(reads && actionsOf(reads)).toEqual(expect.arrayContaining(['dynamodb:GetItem', 'dynamodb:Scan']))
  expect(acts).toMatchObject({
    Action: 'dynamodb:UpdateItem',
    Condition: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['?*#*'] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  })
  expect(onKey && actionsOf(onKey)).toContain('kms:Decrypt')
  // IAM: ? is one character and * any number of them.
  const pattern = /^.+#.*$/
  expect([pattern.test('payments#digest'), pattern.test(SETTINGS_NAME)]).toEqual([true, false])
})

describe('overrides', () => {
  const RULE = 'Custom::LambdaOnceOverrides'

  test('without it there is no custom resource', () => {
    const template = synthesized((stack) => new IdempotencyTable(stack, 'T'))
    template.resourceCountIs(RULE, 0)
    template.resourceCountIs('AWS::Lambda::Function', 0)
  })

  test.each(['two-people', 'one-person', 'off'] as const)(
    '%s is written into the item that the commands read',
    (rule) => {
      const template = synthesized((stack) => new IdempotencyTable(stack, 'T', { overrides: rule }))
      const [{ Properties }] = Object.values(template.findResources(RULE)) as [{ Properties: Record<string, unknown> }]
      const call = JSON.stringify(Properties.Update).replaceAll('\\"', '"')
      expect(Properties.Create).toEqual(Properties.Update)
      expect(call).toContain('"action":"PutItem"')
      const [, item = ''] = /"Item":(\{.*?\}\})/.exec(call) ?? []
      expect(readOverrideRule(JSON.parse(item))).toBe(rule)
      expect(JSON.parse(item)).toMatchObject(SETTINGS_KEY)
    },
  )

  test('the custom resource may write this one item only, and use the key of the table', () => {
    const template = synthesized((stack) => {
      const encryptionKey = new Key(stack, 'Key')
      new IdempotencyTable(stack, 'T', { encryptionKey, overrides: 'off' })
    })
    const [onItem, onKey] = [...statementsByRole(template).values()].flat()
    expect(onItem).toMatchObject({
      Action: ['dynamodb:PutItem', 'dynamodb:DeleteItem'],
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['#settings'] } },
    })
    expect(onKey && actionsOf(onKey)).toContain('kms:GenerateDataKey*')
  })
})

test('an imported table is granted in the same way, with its key', () => {
  const template = synthesized((stack) => {
    const table = TableV2.fromTableAttributes(stack, 'Standing', {
      tableName: 'records',
      encryptionKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k'),
    })
    IdempotencyTable.fromTable(stack, 'T', table).grantClaims(plainFunction(stack), { operation: 'payments' })
  })
  template.resourceCountIs(TABLE, 0)
  const [statements] = [...statementsByRole(template).values()]
  expect(statements?.map((statement) => actionsOf(statement).length)).toEqual([3, 5])
})

const PK = { name: PARTITION_KEY, type: AttributeType.STRING }

test.each<[string, TablePropsV2, string]>([
  [
    'another key',
    { partitionKey: { ...PK, name: 'id' }, timeToLiveAttribute: TTL_ATTRIBUTE },
    'the key of the table is "id"; it must be the string partition key "pk", without a sort key',
  ],
  [
    'a numeric key',
    { partitionKey: { ...PK, type: AttributeType.NUMBER }, timeToLiveAttribute: TTL_ATTRIBUTE },
    '"pk"',
  ],
  ['a sort key', { partitionKey: PK, sortKey: { ...PK, name: 'sk' }, timeToLiveAttribute: TTL_ATTRIBUTE }, '"pk, sk"'],
  ['no TTL', { partitionKey: PK }, 'the TTL attribute of the table is missing; it must be expiresAt'],
  ['another TTL', { partitionKey: PK, timeToLiveAttribute: 'ttl' }, 'is ttl; it must be expiresAt'],
  [
    'a replica',
    { partitionKey: PK, timeToLiveAttribute: TTL_ATTRIBUTE, replicas: [{ region: 'eu-central-1' }] },
    'the table has 1 replica(s); it must have none',
  ],
])('a table of this app with %s is refused', (_, props, message) => {
  const text = refusal((stack) => IdempotencyTable.fromTable(stack, 'T', new TableV2(stack, 'Own', props) as ITable))
  expect(text).toContain(message)
})

test('a Table with a replica is refused too', () => {
  const props = { partitionKey: PK, timeToLiveAttribute: TTL_ATTRIBUTE, replicationRegions: ['eu-central-1'] }
  expect(
    refusal((stack) => IdempotencyTable.fromTable(stack, 'T', new Table(stack, 'Own', props) as ITable)),
  ).toContain('the table has 1 replica(s)')
})

test('a fitting Table or TableV2 of this app is accepted', () => {
  expect(
    refusal((stack) => {
      const props = { partitionKey: PK, timeToLiveAttribute: TTL_ATTRIBUTE }
      IdempotencyTable.fromTable(stack, 'New', new TableV2(stack, 'OwnNew', props) as ITable)
      IdempotencyTable.fromTable(stack, 'Old', new Table(stack, 'OwnOld', props) as ITable)
    }),
  ).toBe('')
})

describe('a table with other keys', () => {
  const keys = {
    partition: 'PK',
    sort: { name: 'SK', value: 'IDEMPOTENCY' },
    prefix: 'IDEM#',
    ttlAttribute: 'ttl',
  }
  const props = {
    partitionKey: { ...PK, name: 'PK' },
    sortKey: { ...PK, name: 'SK' },
    timeToLiveAttribute: 'ttl',
  }
  const imported = (stack: Stack, given: TablePropsV2 = props) =>
    IdempotencyTable.fromTable(stack, 'T', new TableV2(stack, 'Own', given) as ITable, { keys })

  test('is accepted if it has them, and refused if not', () => {
    expect(refusal((stack) => imported(stack))).toBe('')
    expect(refusal((stack) => imported(stack, { ...props, timeToLiveAttribute: 'expires' }))).toContain(
      'it must be ttl',
    )
    expect(
      refusal((stack) => imported(stack, { partitionKey: props.partitionKey, timeToLiveAttribute: 'ttl' })),
    ).toContain('the key of the table is "PK"; it must be the string partition key "PK" with the string sort key "SK"')
    expect(
      refusal((stack) => imported(stack, { ...props, sortKey: { name: 'SK', type: AttributeType.NUMBER } })),
    ).toContain('"SK"')
  })

  test('is granted for keys with its prefix only, and without a scan', () => {
    const template = synthesized((stack) => {
      const table = imported(stack)
      table.grantClaims(plainFunction(stack), { operation: 'payments' })
      table.grantOperators(new User(stack, 'Person'))
    })
    const text = JSON.stringify(template.findResources('AWS::IAM::Policy'))
    expect(text).toContain('"dynamodb:LeadingKeys":["IDEM#payments#*"]')
    expect(text).toContain('"dynamodb:LeadingKeys":["IDEM#*"]')
    expect(text).toContain('"dynamodb:LeadingKeys":["IDEM#?*#*"]')
    expect(text).not.toContain('dynamodb:Scan')
  })

  test('with names that cannot be right is refused', () => {
    expect(
      refusal((stack) =>
        IdempotencyTable.fromTable(stack, 'T', new TableV2(stack, 'Own', props) as ITable, { keys: { prefix: '*' } }),
      ),
    ).toContain('option "prefix"')
  })
})

test.each(['', '*', 'pay*', 'a#b', 'pay?', 'x'.repeat(101)])(
  'the operation "%s" is refused, before IAM sees it',
  (operation) => {
    expect(refusal((stack) => new IdempotencyTable(stack, 'T').grantClaims(plainFunction(stack), { operation }))).toBe(
      `operation is "${operation}"; it must be 1 to 100 characters of A-Z a-z 0-9 . _ -`,
    )
  },
)

test('a protected table that the stack would delete is refused', () => {
  expect(
    refusal(
      (stack) => new IdempotencyTable(stack, 'T', { removalPolicy: RemovalPolicy.DESTROY, deletionProtection: true }),
    ),
  ).toContain('removalPolicy is DESTROY and deletionProtection is true')
})

test.each([
  [
    { maxReadRequestUnits: 100, warmThroughput: { readUnitsPerSecond: 12_001 } },
    'has 12001 read units a second, and the maximum is 100',
  ],
  [
    { maxWriteRequestUnits: 50, warmThroughput: { writeUnitsPerSecond: 4_001 } },
    'has 4001 write units a second, and the maximum is 50',
  ],
])('more warm throughput than the maximum is refused: %j', (props, message) => {
  expect(refusal((stack) => new IdempotencyTable(stack, 'T', props))).toContain(message)
})

test("its metrics are the table's", () => {
  synthesized((stack) => {
    const table = new IdempotencyTable(stack, 'T')
    const names = [
      table.metricThrottledReads(),
      table.metricThrottledWrites(),
      table.metricTransactionConflicts(),
      table.metricRefusedWrites(),
    ].map((metric) => metric.toMetricConfig().metricStat?.metricName)
    expect(names).toEqual([
      'ReadThrottleEvents',
      'WriteThrottleEvents',
      'TransactionConflict',
      'ConditionalCheckFailedRequests',
    ])
  })
})
