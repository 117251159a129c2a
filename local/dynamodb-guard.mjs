/**
 * Runs DynamoDB Local for as long as the parent process lives. The channel to the parent closes however the parent
 * ends, by SIGKILL too: then Java is killed, so that none is ever left behind. Plain JavaScript, because it runs as a
 * process of its own, without a transpiler.
 */
import DynamoDbLocal from 'dynamodb-local'

const { installPath, port, dataDirectory } = JSON.parse(process.argv[2])

// The parent decides when the database goes: after its own server has drained, and not by the terminal's Ctrl-C.
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
