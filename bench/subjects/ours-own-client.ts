import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { subjectOver } from './ours.ts'
import { CREDENTIALS, type OpenSubject, REGION } from './subject.ts'

/** With the layer's own SDK client, which takes its endpoint from the environment. */
export const open: OpenSubject = ({ endpoint, tableName }) => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  })
  return subjectOver(dynamoDbStore({ tableName }))
}
