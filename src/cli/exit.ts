/** Exit codes of all commands. */
export const EXIT = {
  done: 0,
  failed: 1,
  invalid: 2,
  interrupted: 130,
  terminated: 143,
} as const;
