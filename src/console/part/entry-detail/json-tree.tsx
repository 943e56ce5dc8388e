import type { JsonNode } from '../../diff/json-diff.ts';
import { exactJsonText } from '../../api/exact-json.ts';

/** What differs in a JSON value, each change in its place; what is the same is counted. */
export function JsonTree({ node }: { readonly node: JsonNode }) {
  const same = node.children.filter(({ kind }) => kind === 'same').length;
  return (
    <ul class="json-tree">
      {node.children
        .filter(({ kind }) => kind !== 'same')
        .map((child) => (
          <li key={child.name}>
            <span class="json-name">{child.name}</span> <Difference node={child} />
          </li>
        ))}
      {same === 0 ? null : (
        <li class="dim">
          {same} {same === 1 ? 'member' : 'members'} unchanged
        </li>
      )}
    </ul>
  );
}

function Difference({ node }: { readonly node: JsonNode }) {
  if (node.kind === 'inside') return <JsonTree node={node} />;
  return (
    <>
      {node.kind === 'added' ? null : <del>{exactJsonText(node.old)}</del>}
      {node.kind === 'changed' ? <span aria-label="became"> → </span> : null}
      {node.kind === 'removed' ? null : <ins>{exactJsonText(node.new)}</ins>}
    </>
  );
}
