/** A group of horizontal bars, one bar for each series. */
export interface BarGroup {
  readonly label: string
  readonly values: readonly (number | undefined)[]
}

const COLOURS = ['#9aa5b1', '#52606d', '#d97706', '#60a5fa', '#2563eb', '#059669'] as const
const BAR = 13
const GAP = 16
const LEFT = 190
const WIDTH = 900
const RIGHT = 60
const TOP = 76

/** Draws bars with their numbers. A bar longer than `most` is cut off, but keeps its number. */
export const barChart = (
  title: string,
  series: readonly string[],
  groups: readonly BarGroup[],
  most: number,
): string => {
  const groupHeight = series.length * BAR + GAP
  const height = TOP + groups.length * groupHeight
  const x = (value: number): number => (Math.min(value, most) / most) * (WIDTH - LEFT - RIGHT)
  const bars = groups.flatMap(({ label, values }, group) => {
    const top = TOP + group * groupHeight
    const middle = top + (series.length * BAR) / 2 + 4
    return [
      text(LEFT - 10, middle, label, 'text-anchor="end" font-weight="600"'),
      ...values.flatMap((value, index) =>
        value === undefined || Number.isNaN(value)
          ? []
          : [
              `<rect x="${LEFT}" y="${top + index * BAR}" width="${x(value).toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[index % COLOURS.length]}"/>`,
              text(LEFT + x(value) + 5, top + index * BAR + BAR - 3, value.toFixed(2), 'font-size="10"'),
            ],
      ),
    ]
  })
  const one = LEFT + x(1)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 22, title, 'font-size="15" font-weight="600"'),
    ...legend(series),
    `<line x1="${one}" y1="${TOP - 8}" x2="${one}" y2="${height - GAP}" stroke="#52606d" stroke-dasharray="3 3"/>`,
    ...bars,
    '</svg>\n',
  ].join('\n')
}

const legend = (series: readonly string[]): readonly string[] => {
  let at = LEFT
  return series.flatMap((name, index) => {
    const entry = [
      `<rect x="${at}" y="38" width="11" height="11" fill="${COLOURS[index % COLOURS.length]}"/>`,
      text(at + 15, 48, name, 'font-size="11"'),
    ]
    at += 30 + name.length * 6.2
    return entry
  })
}

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#1f2933" ${attributes}>${escaped(content)}</text>`

const escaped = (content: string): string =>
  content.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character)
