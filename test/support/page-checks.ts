import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ROOT } from './doc-blocks.ts'

/** Checks that the page does not scroll to the side. */
export const fitsItsWindow = async (page: Page): Promise<void> => {
  const over = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(over).toBe(0)
}

/** WCAG 2.2, 1.4.3: the least contrast of text. */
const LEAST_CONTRAST = 4.5

/** Checks the contrast of all text that is shown. */
export const readable = async (page: Page): Promise<void> => {
  const weak = await page.evaluate(`(${weakTexts})(${LEAST_CONTRAST})`)
  expect(weak).toEqual([])
}

/** Runs in the page. */
const weakTexts = `(least) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const over = (colors) => {
    canvas.clearRect(0, 0, 1, 1)
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1) }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (node) => {
    const colors = []
    for (let at = node; at; at = at.parentElement) colors.unshift(getComputedStyle(at).backgroundColor)
    return colors
  }
  const weak = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement
    if (text.textContent.trim() === '' || !node.checkVisibility()) continue
    const under = behind(node)
    const [a, b] = [light(over([...under, getComputedStyle(node).color])), light(over(under))].sort((x, y) => y - x)
    const contrast = (a + 0.05) / (b + 0.05)
    if (contrast < least) weak.push(contrast.toFixed(2) + ' ' + text.textContent.trim().slice(0, 40))
  }
  return weak
}`

/** A folder that git ignores. */
const SCREENSHOTS = join(ROOT, '.screenshots')

export const screenshot = async (page: Page, name: string): Promise<void> => {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}
