/** Answers that are too large for a DynamoDB item, kept in S3. */

export { type LargeAnswers, largeAnswers } from './large-answers.ts'
export { type S3AnswersOptions, s3Answers } from './s3-answers.ts'
