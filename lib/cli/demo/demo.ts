import type { Answer } from '../answer.ts'
import { type Io, type Paint, paintOf } from '../io.ts'
import { tabular } from '../labelled.ts'
import type { CommonFlags } from '../perform.ts'
import { SCENES, type Scene } from './scenes.ts'
import { protectedShop, type Reply, type Shop, unprotectedShop } from './shop.ts'

interface Outcome {
  readonly charges: number
  readonly answers: readonly string[]
}

interface Played {
  readonly scene: Scene
  readonly without: Outcome
  readonly protected: Outcome
}

export const demo = async (_: CommonFlags, io: Io): Promise<Answer> => {
  const played: Played[] = []
  for (const scene of SCENES)
    played.push({ scene, without: await play(scene, unprotectedShop()), protected: await play(scene, protectedShop()) })
  const isRight = played.every(({ scene, protected: { charges } }) => charges === scene.wanted)
  return {
    status: isRight ? 0 : 1,
    json: { scenes: played.map(({ scene: { name, wanted }, ...outcomes }) => ({ name, wanted, ...outcomes })) },
    lines: linesOf(played, paintOf(io)),
  }
}

const play = async (scene: Scene, shop: Shop): Promise<Outcome> => {
  const replies = await scene.play(shop)
  return { charges: shop.provider.charges.length, answers: counted(replies.map(said)) }
}

const said = (reply: Reply): string => {
  if (reply === undefined) return 'no answer'
  const { status, how, body } = reply
  const charge = status < 400 ? ` ${(JSON.parse(body) as { charge: string }).charge}` : ''
  return `${status}${how === '' ? '' : ` ${how}`}${charge}`
}

/** Equal answers together: `19 × 409 in-progress`. */
const counted = (answers: readonly string[]): readonly string[] => {
  const counts = new Map<string, number>()
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].map(([answer, count]) => (count === 1 ? answer : `${count} × ${answer}`))
}

const linesOf = (played: readonly Played[], paint: Paint): readonly string[] => [
  'One handler charges a card. Here it runs without and with lambda-once, on a store in memory.',
  '',
  ...played.flatMap(({ scene, without, protected: safe }, at) => [
    paint.bold(`${at + 1}. ${scene.name}`),
    `   ${scene.story}`,
    `   without  ${shortened(without.answers)}`,
    `   with     ${shortened(safe.answers)}`,
    '',
  ]),
  ...tabular(
    ['SCENE', 'CHARGES WANTED', 'WITHOUT', 'WITH LAMBDA-ONCE'],
    played.map(({ scene, without, protected: safe }) => [
      scene.name,
      String(scene.wanted),
      String(without.charges),
      String(safe.charges),
    ]),
    paint,
    (text, column, row) => (column < 2 ? text : row[column] === row[1] ? paint.good(text) : paint.bad(text)),
  ),
  '',
  'In the crash the record was in doubt, so your reconcile function asked the provider: it found the charge, and the',
  'client got its receipt. To protect your own handler, begin with the README of the package.',
]

const SHOWN = 4

const shortened = (answers: readonly string[]): string =>
  answers.length <= SHOWN
    ? answers.join(', ')
    : `${answers.slice(0, SHOWN - 1).join(', ')} and ${answers.length - SHOWN + 1} more`
