# zsh -f complete.zsh SETUP LINE ... : a real zsh completes each line by the tab key; prints what the line became.
zmodload zsh/zpty
zpty inner 'zsh -f -i'
# Reads what the inner zsh writes until it has written a word.
read_until() {
  seen=
  while [[ $seen != *$1* ]]; do
    zpty -r inner part || exit 1
    seen+=$part
  done
}
zpty -w inner 'PS1=; autoload -Uz compinit; compinit -u -D; shown() { print -r -- "<<$BUFFER>>"; BUFFER=; zle .send-break }; zle -N shown; bindkey "^X" shown; '"$1"'; print set$((1 + 1))up'
read_until set2up
shift
for line in "$@"; do
  zpty -w -n inner "$line"$'\t\x18'
  read_until '>>'
  print -r -- "${${seen##*<<}%%>>*}|"
done
zpty -d inner
