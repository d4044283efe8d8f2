/** A program that can't be run, in words for its author; ends the process. */
export class ProgramError extends Error {}
