/**
 * Runs DynamoDB Local while the parent process lives. When the parent ends, even by SIGKILL, the channel to it closes,
 * and this process kills Java. Plain JavaScript, because it runs as a separate process without a transpiler.
 */
import DynamoDbLocal from 'dynamodb-local'

const { installPath, port, dataDirectory } = JSON.parse(process.argv[2])

// The parent decides when the database stops: after its server has drained, not on the terminal's Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

let java
const end = () => (java === undefined ? process.exit(0) : java.kill('SIGKILL'))
process.once('disconnect', end)
process.once('message', end)

DynamoDbLocal.configureInstaller({ installPath })
java = await DynamoDbLocal.launch(port, dataDirectory ?? null, ['-sharedDb', '-disableTelemetry'])
java.once('exit', () => process.exit(0))
if (process.connected) process.send({ java: java.pid })
else end()
