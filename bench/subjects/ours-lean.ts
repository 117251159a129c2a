import { leanDynamoDbStore } from '../../lib/dynamodb/lean/index.ts'
import { subjectOver } from './ours.ts'
import { CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

/** With the lean store, without the SDK. */
export const open: OpenSubject = ({ endpoint, tableName }) =>
  subjectOver(leanDynamoDbStore({ tableName, region: REGION, endpoint, credentials: CREDENTIALS }))
