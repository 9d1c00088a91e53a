/**
 * Paths as permissions name them: from the root on, and where links lead.
 *
 * @module
 */

/** A path without `.` and `..`, from the root on. */
export function absolute(path: string, cwd: string): string {
  const isWindows = Deno.build.os === "windows";
  if (isWindows) return path; // Deno itself resolves it
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The folder of a path. */
export function parent(path: string): string {
  return path.replace(/[/\\]+[^/\\]*[/\\]*$/, "") || "/";
}

/** Where links lead in the end; for what does not exist yet, through the part that does. */
export function real(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const above = parent(path);
    return above === path
      ? path
      : `${real(above).replace(/\/$/, "")}/${path.slice(above.length).replace(/^\/+/, "")}`;
  }
}

/** Whether there is a folder. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Whether there is anything. */
export function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(path));
  } catch {
    return false;
  }
}

/** Whether a path is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
