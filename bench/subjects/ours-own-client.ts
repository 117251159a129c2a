import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { subjectOver } from './ours.ts'
import { CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

/** On the layer's own client of the SDK, which knows its way by the environment. */
export const open: OpenSubject = ({ endpoint, tableName }) => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  })
  return subjectOver(dynamoDbStore({ tableName }))
}
