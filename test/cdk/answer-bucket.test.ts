import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { AnswerBucket } from '../../lib/cdk/index.ts'
import { actionsOf, statementsByRole } from './policies.ts'
import { plainFunction, refusal, synthesized } from './stack.ts'

const BUCKET = 'AWS::S3::Bucket'

const lifetimeOf = (retention?: Duration) =>
  synthesized(
    (stack) => new AnswerBucket(stack, 'Answers', retention === undefined ? {} : { retention }),
  ).findResources(BUCKET)

test('I34 the bucket is private and encrypted, is kept, and deletes each answer a day after its retention', () => {
  const template = synthesized((stack) => new AnswerBucket(stack, 'Answers'))
  template.hasResource(BUCKET, {
    DeletionPolicy: 'Retain',
    Properties: {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [Match.anyValue()] },
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 2, Status: 'Enabled' })] },
    },
  })
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
    },
  })
})

test('I34 a longer retention keeps the answers longer', () => {
  const [bucket] = Object.values(lifetimeOf(Duration.days(30)))
  expect(bucket?.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays).toBe(31)
})

test.each([Duration.hours(12), Duration.hours(36), Duration.days(0)])('a retention of %s is refused', (retention) => {
  expect(() => lifetimeOf(retention)).toThrow('it must be whole days, at least 1')
})

test('I34 a function gets the objects of its operation only, and the use of the key', () => {
  const template = synthesized((stack) => {
    const encryptionKey = new Key(stack, 'Key')
    const answers = new AnswerBucket(stack, 'Answers', { encryptionKey, removalPolicy: RemovalPolicy.DESTROY })
    answers.grantAnswers(plainFunction(stack), { operation: 'reports' })
  })
  const statements = [...statementsByRole(template).values()].flat()
  const [onObjects] = statements.filter((statement) => actionsOf(statement).includes('s3:PutObject'))
  expect(onObjects && actionsOf(onObjects)).toEqual(['s3:GetObject', 's3:PutObject'])
  expect(JSON.stringify(onObjects)).toContain('/reports/*')
  expect(statements.some((statement) => actionsOf(statement).includes('kms:Decrypt'))).toBe(true)
  template.hasResource(BUCKET, { DeletionPolicy: 'Delete' })
})

test('an invalid operation is refused', () => {
  const message = refusal((stack) =>
    new AnswerBucket(stack, 'Answers').grantAnswers(plainFunction(stack), { operation: 'a/b' }),
  )
  expect(message).toContain('operation is "a/b"')
})
