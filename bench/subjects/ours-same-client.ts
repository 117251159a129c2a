import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { subjectOver } from './ours.ts'
import { CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

/** With the same client as the floor. */
export const open: OpenSubject = ({ endpoint, tableName }) =>
  subjectOver(
    dynamoDbStore({ tableName, client: new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS }) }),
  )
