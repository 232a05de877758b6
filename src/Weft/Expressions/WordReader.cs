using System.Collections.Immutable;
using System.Text;
using Weft.Text;

namespace Weft.Expressions;

/// <summary>
/// Splits a command line into words as a shell does (blanks part words; quotes and backslash keep blanks), each word a template. In single
/// quotes nothing is special; <c>${{</c> is known everywhere else.
/// </summary>
internal sealed class WordReader(string text, Span at, Diagnostics problems, Naming naming)
{
    private readonly ImmutableArray<Expr>.Builder _words = ImmutableArray.CreateBuilder<Expr>();
    private readonly ImmutableArray<Expr>.Builder _parts = ImmutableArray.CreateBuilder<Expr>();
    private readonly StringBuilder _literal = new();
    private int _position;
    private int _quoteStart;
    private char _quote;
    private bool _isInWord;
    private bool _isGood = true;

    /// <returns>Null when something is wrong.</returns>
    public ImmutableArray<Expr>? Read()
    {
        while (_position < text.Length)
        {
            int open = _quote == '\'' ? 0 : Template.OpenLength(text, _position);
            if (open == 0)
                Character(text[_position++]);
            else if (!Opening(open))
                return null;
        }
        if (_quote != '\0')
        {
            problems.Error("template/unclosed-quote", $"the quote {_quote} is not closed", Template.Place(text, at, _quoteStart, 1));
            return null;
        }
        EndWord();
        return _isGood ? _words.ToImmutable() : null;
    }

    private bool Opening(int length)
    {
        _isInWord = true;
        if (length > Template.Open.Length)
        {
            _literal.Append(Template.Open);
            _position += length;
            return true;
        }
        Template.Flush(_literal, _parts, at);
        return Template.ReadPart(text, ref _position, text.Length, at, problems, naming, _parts, ref _isGood);
    }

    private void Character(char c)
    {
        char next = _position < text.Length ? text[_position] : '\0';
        if (_quote != '\0')
        {
            if (c == _quote)
                _quote = '\0';
            else if (c == '\\' && _quote == '"' && next is '"' or '\\' or '$' or '`')
                _literal.Append(text[_position++]);
            else
                _literal.Append(c);
        }
        else if (c is '\'' or '"')
        {
            (_quote, _quoteStart, _isInWord) = (c, _position - 1, true);
        }
        else if (c == '\\' && _position < text.Length)
        {
            _position++;
            // A backslash at the end of a line joins it with the next one.
            if (next == '\n')
                return;
            _literal.Append(next);
            _isInWord = true;
        }
        else if (char.IsWhiteSpace(c))
        {
            EndWord();
        }
        else
        {
            _literal.Append(c);
            _isInWord = true;
        }
    }

    private void EndWord()
    {
        if (!_isInWord)
            return;
        Template.Flush(_literal, _parts, at);
        _words.Add(Template.Whole(_parts, at));
        _parts.Clear();
        _isInWord = false;
    }
}
