"""Formulas, as administrators write them into validation rules, formula fields and defaults.

`compile_formula` turns the text into a `Formula`, which is then evaluated for one record after another. A text that
Salesforce would not let be saved is a `FormulaError`.
"""

from toolkit.demo_org.formula.evaluation import Formula, Scope, compile_formula
from toolkit.demo_org.formula.lexer import FormulaError
from toolkit.demo_org.formula.values import Value, from_stored, to_stored

__all__ = ["Formula", "FormulaError", "Scope", "Value", "compile_formula", "from_stored", "to_stored"]
