import type { ClientAnswer, History, Operation, Run } from '../../lib/testing/index.ts'
import type { Ask, Ended, Started, Watch } from './worker.ts'

/** The history while the load runs. */
export interface Log {
  /** Records the runs of one client's handlers. */
  watch(): Watch
  /** Records a client's call. Call the returned function with the answer. */
  called(client: string, ask: Ask): (answer: ClientAnswer) => void
  /** Records that the process of a client, with these runs, ended at that time. */
  died(values: readonly string[], at: number): void
  readonly operations: readonly Operation[]
  readonly runs: () => readonly Run[]
}

export const openLog = (): Log => {
  const operations: Operation[] = []
  const runs = new Map<string, Run>()
  const change = (value: string, over: Partial<Run>): void => {
    const run = runs.get(value)
    if (run !== undefined) runs.set(value, { ...run, ...over })
  }
  return {
    operations,
    runs: () => [...runs.values()],
    watch: () => ({
      started: (started: Started) => void runs.set(started.value, { ...started, ended: 'running' }),
      ended: ({ value, ...ended }: Ended) => change(value, ended),
    }),
    called: (client, { key, payload }) => {
      const calledAt = Date.now()
      return (answer) => void operations.push({ client, key, payload, calledAt, answeredAt: Date.now(), answer })
    },
    died: (values, at) => {
      for (const value of values)
        change(value, { ended: 'died', endedAt: Math.min(runs.get(value)?.endedAt ?? at, at) })
    },
  }
}

/** The events of one key in order, each with its time in epoch milliseconds. */
export const describeKey = ({ operations, runs, settled }: History, key: string): readonly string[] => {
  const lines = [
    ...operations
      .filter((operation) => operation.key === key)
      .flatMap(({ client, payload, calledAt, answeredAt, answer }) => [
        { at: calledAt, text: `${client} calls with ${payload}` },
        { at: answeredAt, text: `${client} gets: ${describeAnswer(answer)}` },
      ]),
    ...runs
      .filter((run) => run.key === key)
      .flatMap(({ attempt, payload, value, startedAt, endedAt, lapsedAt, ended }) => [
        { at: startedAt, text: `attempt ${attempt} starts with ${payload}, as ${value}` },
        { at: endedAt ?? startedAt, text: `attempt ${attempt} ended: ${ended}; its lease ends at ${lapsedAt}` },
      ]),
  ].toSorted((a, b) => a.at - b.at)
  const held = (settled ?? []).filter((value) => value.key === key).map(({ value }) => value)
  return [...lines.map(({ at, text }) => `  ${at}  ${text}`), `  the store holds ${held.join() || 'no success'}`]
}

const describeAnswer = (answer: ClientAnswer): string => {
  switch (answer.kind) {
    case 'value':
      return `${answer.value} (${answer.status})`
    case 'refused':
      return answer.code
    case 'threw':
      return answer.error
    case 'none':
      return 'it died'
  }
}
