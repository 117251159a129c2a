/** Whether the URL is of this computer: an emulator, or an API that is being written. */
export const isLoopback = (url: string): boolean => {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}
